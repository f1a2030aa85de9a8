"""Answers that mean "ask again, so", signatures, and answers that serve every account."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.brokers.alpaca.spec import SPEC
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import Again, BrokerSpec, Moment, Reply, Request, TimeEndpoint
from shared.domain.errors import BudgetSpent, ContractBroken, DaybiasError
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

Handler = Callable[[httpx.Request], httpx.Response]
TIME = Request("/time")


def client_of(handler: Handler, spec: BrokerSpec, budget_s: float = 60.0) -> BrokerClient:
    clock = ManualClock()
    session = Session("https://b.test", {}, httpx.MockTransport(handler))
    return BrokerClient(spec, session, clock, SeededEntropy(), clock.monotonic() + budget_s)


def meaning(errors: Callable[[Reply], DaybiasError | Again | None]) -> BrokerSpec:
    return replace(SPEC, errors=errors)


def ticket(reply: Reply) -> Again | None:
    if "ticket" not in reply.body:
        return None
    return Again(Request("/x", {"ticket": reply.body["ticket"]}), after_s=15)


def with_ticket(asked: httpx.Request) -> httpx.Response:
    given = asked.url.params.get("ticket")
    return httpx.Response(200, json={"rows": given} if given else {"ticket": "t1"})


async def test_the_question_that_an_answer_asks_for_is_put_after_its_wait() -> None:
    client = client_of(with_ticket, meaning(ticket))
    assert await client.ask(Request("/x")) == {"rows": "t1"}
    assert (client.requests, client.waited_s) == (2, 15)


async def test_a_wait_beyond_the_budget_is_left_to_the_next_message() -> None:
    client = client_of(with_ticket, meaning(ticket), budget_s=10)
    with pytest.raises(BudgetSpent):
        await client.ask(Request("/x"))


async def test_a_broker_that_asks_to_ask_for_ever_breaks_its_contract() -> None:
    spec = meaning(lambda reply: Again(reply.request))
    client = client_of(lambda _: httpx.Response(200, json={}), spec)
    with pytest.raises(ContractBroken):
        await client.ask(Request("/x"))


async def test_the_error_map_is_told_how_often_it_said_again() -> None:
    told: list[int] = []

    def errors(reply: Reply) -> Again | None:
        told.append(reply.repeats)
        return Again(reply.request) if reply.repeats < 2 else None

    await client_of(lambda _: httpx.Response(200, json={}), meaning(errors)).ask(Request("/x"))
    assert told == [0, 1, 2]


async def test_another_host_is_asked_unless_the_user_put_one_in_its_place() -> None:
    hosts: list[str] = []

    def note(asked: httpx.Request) -> httpx.Response:
        hosts.append(asked.url.host)
        return httpx.Response(200, json={})

    client = client_of(note, SPEC)
    await client.ask(Request("/x", host="https://other.test"))
    client.one_host = True
    await client.ask(Request("/x", host="https://other.test"))
    assert hosts == ["other.test", "b.test"]


async def test_a_door_is_asked_at_the_host_of_its_environment() -> None:
    hosts: list[str] = []

    def note(asked: httpx.Request) -> httpx.Response:
        hosts.append(asked.url.host)
        return httpx.Response(200, json={})

    client = client_of(note, SPEC)
    client.doors = {"futures": "https://futures.test"}
    await client.ask(Request("/x", host="futures"))
    client.one_host = True
    await client.ask(Request("/x", host="futures"))
    assert hosts == ["futures.test", "b.test"]


async def test_a_signed_question_arrives_as_it_was_signed() -> None:
    seen: list[tuple[str, bytes]] = []

    def note(asked: httpx.Request) -> httpx.Response:
        seen.append((asked.url.raw_path.decode(), asked.content))
        return httpx.Response(200, json={})

    async def nonce() -> int:
        return 7

    client = client_of(note, SPEC)
    client.sign = lambda request, moment: replace(
        request, path=f"{request.path}?b=2&a=1&signature=s%2B", content=f"nonce={moment.nonce}"
    )
    client.next_nonce = nonce
    await client.ask(Request("/x"))
    assert seen == [("/x?b=2&a=1&signature=s%2B", b"nonce=7")]


async def test_signatures_follow_the_brokers_clock_once_it_was_read() -> None:
    told = datetime(2030, 1, 1, tzinfo=UTC)

    def errors(reply: Reply) -> Again | None:
        return Again(reply.request, resync=True) if reply.body == {"clock": "wrong"} else None

    spec = replace(
        meaning(errors), time=TimeEndpoint(TIME, lambda body: datetime.fromisoformat(body["now"]))
    )
    moments: list[Moment] = []

    def answer(asked: httpx.Request) -> httpx.Response:
        if asked.url.path == TIME.path:
            return httpx.Response(200, json={"now": told.isoformat()})
        return httpx.Response(200, json={} if moments[-1].now == told else {"clock": "wrong"})

    def sign(request: Request, moment: Moment) -> Request:
        moments.append(moment)
        return request

    client = client_of(answer, spec)
    client.sign = sign
    assert await client.ask(Request("/x")) == {}
    assert moments[0].now < told - timedelta(days=1)


async def test_an_answer_that_serves_every_account_is_asked_for_once() -> None:
    count = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 1
        return httpx.Response(200, json=count)

    client = client_of(answer, SPEC)
    shared = Request("/fills", shared=True)
    found: list[Any] = [await client.ask(shared), await client.ask(shared)]
    client.forget_shared()
    found.append(await client.ask(shared))
    assert found == [1, 1, 2]


async def test_a_broker_that_answers_in_another_language_has_its_own_decoder() -> None:
    spec = replace(SPEC, decode=lambda content: content.decode().split(";"))
    client = client_of(lambda _: httpx.Response(200, content=b"a;b"), spec)
    assert json.dumps(await client.ask(Request("/x"))) == '["a", "b"]'
