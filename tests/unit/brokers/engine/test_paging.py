from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.brokers.engine.paging import (
    by_halves,
    by_last_id,
    by_next_token,
    by_plan,
    in_spans,
    since_mark,
)
from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import ContractBroken, RequestRejected

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(days=10))
ACCOUNT = BrokerAccount("a-1", "A1", "USD", handle="h-1")


def hours(count: float) -> datetime:
    return START + timedelta(hours=count)


class Broker:
    """Answers in turn, and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def walked(self, walk: Walk, window: Window = WINDOW) -> list[Page]:
        return [page async for page in walk(self.ask, ACCOUNT, window)]


def ids(pages: Sequence[Page]) -> list[str]:
    return [row["id"] for page in pages for row in page.rows]


def rows_of(body: Any) -> list[Any]:
    assert isinstance(body["rows"], list)
    return body["rows"]


def booked_at(raw: Any) -> datetime | None:
    return hours(float(raw["at"])) if "at" in raw else None


def listed(*names: str, token: Any = None) -> dict[str, Any]:
    return {"rows": [{"id": name} for name in names], "token": token}


def first(account: BrokerAccount, _: Window) -> Request:
    return Request(f"/{account.handle}", {"a": "1"})


LAST_ID = by_last_id(
    first, parameter="token", id_field="id", size=2, rows=rows_of, booked_at=booked_at
)
NEXT_TOKEN = by_next_token(first, parameter="token", rows=rows_of, token=lambda body: body["token"])


@pytest.mark.parametrize("body", [listed("x"), listed()])
async def test_a_page_that_is_not_full_is_the_last(body: Any) -> None:
    assert len(await Broker(body).walked(LAST_ID)) == 1


async def test_full_pages_are_followed_from_their_last_row() -> None:
    broker = Broker(listed("a", "b"), listed("c", "d"), listed())
    assert ids(await broker.walked(LAST_ID)) == ["a", "b", "c", "d"]
    assert [dict(r.params) for r in broker.asked] == [
        {"a": "1"},
        {"a": "1", "token": "b"},
        {"a": "1", "token": "d"},
    ]


@pytest.mark.parametrize("last", [{}, {"id": ""}, {"id": 7}, "row", None])
async def test_a_full_page_whose_last_row_has_no_id_breaks_the_contract(last: Any) -> None:
    walk = by_last_id(
        first, parameter="t", id_field="id", size=2, rows=rows_of, booked_at=lambda _: None
    )
    with pytest.raises(ContractBroken):
        await Broker({"rows": [{"id": "x"}, last]}).walked(walk)


@pytest.mark.parametrize("walk", [LAST_ID, NEXT_TOKEN], ids=["last id", "next token"])
async def test_a_token_that_comes_back_later_ends_the_walk(walk: Walk) -> None:
    pages = [listed("a", "b", token="b"), listed("c", "d", token="d")]
    with pytest.raises(ContractBroken, match="circle"):
        await Broker(*pages, *pages).walked(walk)


async def test_a_page_is_complete_until_its_newest_row() -> None:
    (page,) = await Broker({"rows": [{"id": "x", "at": 3}]}).walked(LAST_ID)
    assert page.complete_until == hours(3)


async def test_tokens_are_followed_until_there_is_none() -> None:
    broker = Broker(listed("a", token="t1"), listed("b"))
    assert ids(await broker.walked(NEXT_TOKEN)) == ["a", "b"]
    assert broker.asked[1].params == {"a": "1", "token": "t1"}


async def test_newest_first_is_complete_at_no_page() -> None:
    broker = Broker(listed("a", token="t1"), listed("b"))
    assert {page.complete_until for page in await broker.walked(NEXT_TOKEN)} == {None}


async def test_a_token_that_ran_out_starts_over_once() -> None:
    one = listed("a", token="t1")
    late = RequestRejected("ran out", status=400)
    assert ids(await Broker(one, late, one, listed("b")).walked(NEXT_TOKEN)) == ["a", "a", "b"]
    with pytest.raises(ContractBroken, match="ran out"):
        await Broker(one, late, one, late).walked(NEXT_TOKEN)


@pytest.mark.parametrize("status", [400, 404])
async def test_a_refusal_without_a_token_is_no_token_that_ran_out(status: int) -> None:
    with pytest.raises(RequestRejected):
        await Broker(RequestRejected("no", status=status)).walked(NEXT_TOKEN)


PLAN = by_plan(
    first,
    pages=lambda body, _: [Request("/page", {"from": name}) for name in body["pages"]],
    rows=rows_of,
    booked_at=booked_at,
    mark_of=lambda row: row["id"],
)


async def test_a_plan_is_walked_page_by_page_and_an_empty_page_does_not_end_it() -> None:
    full = {"rows": [{"id": "3", "at": 1}, {"id": "9", "at": 2}]}
    broker = Broker({"pages": ["1", "5", "7"]}, full, listed(), listed("12"))
    pages = await broker.walked(PLAN)
    assert [page.mark for page in pages] == ["9", None, "12"]
    assert pages[0].complete_until == hours(2)
    assert [r.params.get("from") for r in broker.asked] == [None, "1", "5", "7"]


async def test_a_page_of_the_plan_that_comes_again_ends_the_walk() -> None:
    with pytest.raises(ContractBroken):
        await Broker({"pages": ["1", "2"]}, listed("4"), listed("4")).walked(PLAN)


SINCE = since_mark(
    lambda _, mark: Request("/since", {"id": mark}),
    rows=rows_of,
    booked_at=booked_at,
    reached=lambda body, mark: (body["token"] or mark, body["token"] != body["newest"]),
    otherwise=PLAN,
)


async def test_without_a_mark_the_window_is_walked() -> None:
    assert [p.mark for p in await Broker({"pages": ["1"]}, listed("4")).walked(SINCE)] == ["4"]


def since(*names: str, newest: str) -> dict[str, Any]:
    return {**listed(*names, token=names[-1] if names else None), "newest": newest}


FROM_SEVEN = Window(START, hours(1), mark="7")


async def test_from_a_mark_the_newer_rows_are_asked_for_until_none_is_left() -> None:
    broker = Broker(since("8", newest="9"), since("9", newest="9"))
    pages = await broker.walked(SINCE, FROM_SEVEN)
    assert [r.params["id"] for r in broker.asked] == ["7", "8"]
    assert [page.mark for page in pages] == ["8", "9"]


async def test_a_mark_stays_where_nothing_is_newer() -> None:
    nothing = {**listed(), "newest": None}
    assert [page.mark for page in await Broker(nothing).walked(SINCE, FROM_SEVEN)] == ["7"]


async def test_a_mark_that_does_not_move_ends_the_walk() -> None:
    with pytest.raises(ContractBroken):
        await Broker(since("7", newest="9")).walked(SINCE, FROM_SEVEN)


def counting(at: Sequence[float], seen: list[tuple[datetime, datetime]]) -> Ask:
    """A broker that gives at most three rows of those that lie in the window, both ends in it."""

    async def ask(request: Request) -> Any:
        since, until = (datetime.fromisoformat(request.params[end]) for end in ("since", "until"))
        seen.append((since, until))
        return {"rows": [{"id": str(n)} for n in at if since <= hours(n) <= until][:3]}

    return ask


def of_window(_: BrokerAccount, window: Window) -> Request:
    return Request("/", {"since": window.since.isoformat(), "until": window.until.isoformat()})


def halves(limit: int = 3) -> Walk:
    return by_halves(of_window, rows=rows_of, limit=limit)


async def test_an_answer_that_may_be_cut_is_asked_for_in_halves_and_nothing_is_lost() -> None:
    at, seen = [0.0, 1, 2, 100, 101, 150, 200, 239, 240], list[tuple[datetime, datetime]]()
    pages = [page async for page in halves()(counting(at, seen), ACCOUNT, WINDOW)]
    assert {float(name) for name in ids(pages)} == set(at)
    ends = [page.complete_until for page in pages]
    assert ends == sorted(e for e in ends if e)
    assert ends[-1] == WINDOW.until


async def test_an_answer_that_stays_too_long_is_not_taken_for_whole() -> None:
    at = [1.0] * 5
    with pytest.raises(ContractBroken, match="cut"):
        _ = [page async for page in halves()(counting(at, []), ACCOUNT, WINDOW)]


async def test_a_long_window_is_split_at_the_longest_span() -> None:
    seen: list[tuple[datetime, datetime]] = []
    walk = in_spans(timedelta(days=4), halves())
    pages = [page async for page in walk(counting([1, 96, 240], seen), ACCOUNT, WINDOW)]
    assert seen == [(hours(0), hours(96)), (hours(96), hours(192)), (hours(192), hours(240))]
    assert ids(pages) == ["1", "96", "96", "240"]
    assert pages[-1].complete_until == WINDOW.until


async def test_a_part_of_a_window_is_complete_though_its_walk_could_not_tell() -> None:
    broker = Broker(listed("a"), listed("b"))
    pages = await broker.walked(in_spans(timedelta(days=5), NEXT_TOKEN))
    assert [page.complete_until for page in pages] == [None, hours(120), None, hours(240)]


async def test_a_walk_by_id_is_not_split() -> None:
    broker = Broker({**listed(), "newest": None})
    await broker.walked(in_spans(timedelta(days=1), SINCE), Window(START, hours(240), mark="7"))
    assert len(broker.asked) == 1
