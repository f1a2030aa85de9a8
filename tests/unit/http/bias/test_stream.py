import asyncio
import json
import re

import httpx
import pytest

from shared.analyst.rules import RulesAnalyst
from shared.domain.bias import Section, Step
from shared.domain.errors import StoreUnavailable
from shared.http.bias.app import bias_app
from shared.market.registry import load_instruments
from tests.markets import FRIDAY_MORNING, Market, open_market


def app_of(market: Market, analyst=None):
    def never() -> None:
        """Neither a record round nor scores are asked for here."""

    return bias_app(market.service(analyst), load_instruments(), never, never)


async def get(app, path: str, **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.get(path, headers=headers)


async def post(app, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        return await http.post(path)


def events_of(answer: httpx.Response) -> list[tuple[str, dict]]:
    found = []
    for block in answer.text.strip().split("\n\n"):
        name, *_, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


async def test_six_sections_come_before_the_answer():
    answer = await get(app_of(await open_market()), "/v1/bias/SPY/stream")
    *sections, (name, bias) = events_of(answer)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [event for event, _ in sections] == ["section"] * 6
    assert {section["step"] for _, section in sections} == set(Step)
    assert name == "bias"
    assert sorted(s["step"] for s in bias["sections"]) == sorted(Step)


async def test_the_last_answer_comes_first_and_is_called_stale():
    market = await open_market()
    await market.service().bias("SPY")
    await market.move_to(FRIDAY_MORNING)
    events = events_of(await get(app_of(market), "/v1/bias/SPY/stream"))
    assert [name for name, _ in events] == ["stale", *["section"] * 6, "bias"]


async def test_the_board_says_which_answers_are_about_to_be_replaced():
    market = await open_market()
    app = app_of(market)
    before = (await get(app, "/v1/bias")).json()["entries"]
    await market.move_to(FRIDAY_MORNING)
    after = (await get(app_of(market), "/v1/bias")).json()["entries"]
    assert {entry["stale"] for entry in before if "forecast" in entry} == {False}
    assert {entry["stale"] for entry in after if "forecast" in entry} == {True}


def ids_of(answer: httpx.Response) -> list[str]:
    return re.findall(r"^id: (.+)$", answer.text, re.MULTILINE)


async def renewed(**headers: str) -> httpx.Response:
    """Watch the answer of a new moment being written, behind the last one."""
    market = await open_market()
    await market.service().bias("SPY")
    await market.move_to(FRIDAY_MORNING)
    return await get(app_of(market), "/v1/bias/SPY/stream", **headers)


@pytest.mark.parametrize("had", [1, 4, 7])
async def test_who_comes_back_with_the_last_id_is_told_only_what_is_missing(had):
    whole = await renewed()
    rest = await renewed(**{"Last-Event-ID": ids_of(whole)[had - 1]})
    assert events_of(rest) == events_of(whole)[had:]


async def test_a_section_that_was_written_otherwise_is_told_again():
    *_, last = ids_of(await renewed())
    other = re.sub("flux-[0-9a-f]{12}", "flux-0123456789ab", last)
    events = events_of(await renewed(**{"Last-Event-ID": other}))
    assert [body.get("step", name) for name, body in events] == ["flux", "bias"]


async def test_sections_of_an_answer_that_is_over_are_told_anew_behind_another_last_answer():
    *_, last = ids_of(await renewed())
    other = re.sub("stale-[0-9a-f]{12}", "stale-0123456789ab", last)
    events = events_of(await renewed(**{"Last-Event-ID": other}))
    assert [name for name, _ in events] == ["stale", *["section"] * 6, "bias"]


@pytest.mark.parametrize("strange", ["7", "security-xyz", "a" * 5_000, "stale-,"])
async def test_an_id_that_is_not_ours_hides_nothing(strange):
    market = await open_market()
    answer = await get(app_of(market), "/v1/bias/SPY/stream", **{"Last-Event-ID": strange})
    assert [name for name, _ in events_of(answer)] == [*["section"] * 6, "bias"]


async def test_what_has_no_answer_ends_with_the_reason():
    ((name, body),) = events_of(await get(app_of(await open_market()), "/v1/bias/CL/stream"))
    assert (name, bool(body["reason"])) == ("unavailable", True)


async def test_a_failure_on_the_way_is_a_problem_and_not_a_broken_stream():
    market = await open_market()

    async def away(keys):
        raise StoreUnavailable("away")

    market.documents.get_many = away
    ((name, body),) = events_of(await get(app_of(market), "/v1/bias/SPY/stream"))
    assert (name, body["type"]) == ("problem", "urn:daybias:problem:try-again")


async def test_an_unknown_instrument_has_no_stream():
    answer = await get(app_of(await open_market()), "/v1/bias/GME/stream")
    assert (answer.status_code, answer.json()["expected"][0]) == (404, "ES")


class Gated(RulesAnalyst):
    """The rules, which finish one step and hold the others back."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.calls = asyncio.Event(), 0

    async def section(self, step, *given, deadline) -> Section:
        self.calls += 1
        if step is not Step.FLUX:
            await self.gate.wait()
        return await super().section(step, *given, deadline=deadline)


async def test_a_client_who_leaves_stops_its_stream_and_nobodys_answer():
    analyst = Gated()
    app = app_of(await open_market(), analyst)
    sent: list[bytes] = []
    first = asyncio.Event()

    async def receive():
        if not first.is_set():
            await first.wait()
        return {"type": "http.disconnect"}

    async def send(message) -> None:
        sent.append(message.get("body", b""))
        if b"event: section" in sent[-1]:
            first.set()

    scope = {
        "type": "http", "method": "GET", "path": "/v1/bias/SPY/stream", "query_string": b"",
        "headers": [], "scheme": "http", "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"},
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, send), 10)
    analyst.gate.set()
    answer = await get(app, "/v1/bias/SPY")
    assert b"event: bias" not in b"".join(sent)
    assert answer.status_code == 200
    assert analyst.calls == 6


class Slow(RulesAnalyst):
    """The rules, fifty seconds late at each step."""

    def __init__(self, clock) -> None:
        super().__init__()
        self.clock = clock

    async def section(self, step, *given, deadline) -> Section:
        until = self.clock.monotonic() + 50
        while self.clock.monotonic() < until:
            await asyncio.sleep(0)  # the stream's own waiting moves this clock
        return await super().section(step, *given, deadline=deadline)


async def test_a_comment_comes_while_nothing_is_finished_for_fifteen_seconds():
    market = await open_market()
    answer = await get(app_of(market, Slow(market.clock)), "/v1/bias/SPY/stream")
    blocks = answer.text.strip().split("\n\n")
    assert blocks[:4] == [": still writing"] * 3 + [blocks[3]]
    assert blocks[3].startswith("event: section\n")
    assert blocks[-1].startswith("event: bias\n")


async def test_a_snapshot_on_request_is_posted_once_a_session_and_read_often():
    app = app_of(await open_market())
    first = await post(app, "/v1/bias/SPY/snapshots")
    second = await post(app, "/v1/bias/SPY/snapshots")
    read = await get(app, "/v1/bias/SPY?moment=on_request")
    assert (first.status_code, first.json()["moment"]) == (200, "on_request")
    assert (second.status_code, second.json()["type"]) == (429, "urn:daybias:problem:quota-spent")
    assert read.json() == first.json()
