from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Window
from shared.brokers.tastytrade.reversals import with_what_they_undo
from shared.domain.errors import ContractBroken, RequestRejected

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ACCOUNT = BrokerAccount("5WT00001", "5WT00001", "USD")
FIRST, SECOND, REVERSAL = {"id": 1}, {"id": 2}, {"id": 3, "reverses-id": 2}


async def given(*pages: list[Any], answer: Any = None) -> tuple[list[Page], list[str]]:
    asked: list[str] = []

    async def ask(request: Request) -> Any:
        asked.append(request.path)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def walk(_: Ask, __: BrokerAccount, ___: Window) -> AsyncIterator[Page]:
        for rows in pages:
            yield Page(rows, START, "mark")

    joined = with_what_they_undo(walk, lambda _, row_id: Request(f"/one/{row_id}"))
    window = Window(START, START + timedelta(days=1))
    return [page async for page in joined(ask, ACCOUNT, window)], asked


async def test_a_page_without_a_reversal_is_given_as_it_is() -> None:
    pages, asked = await given([FIRST, "spoiled", SECOND])
    assert (pages, asked) == ([Page([FIRST, "spoiled", SECOND], START, "mark")], [])


async def test_both_are_given_together_and_neither_by_itself() -> None:
    pages, asked = await given([FIRST, SECOND, REVERSAL])
    assert pages[0].rows == [FIRST, {"reversal": REVERSAL, "undone": SECOND}]
    assert asked == []


async def test_what_is_on_another_page_is_asked_for() -> None:
    pages, asked = await given([FIRST, SECOND], [REVERSAL], answer={"data": SECOND})
    assert pages[1].rows == [{"reversal": REVERSAL, "undone": SECOND}]
    assert asked == ["/one/2"]


async def test_what_is_nowhere_is_none() -> None:
    pages, _ = await given([REVERSAL], answer=RequestRejected("gone", status=404))
    assert pages[0].rows == [{"reversal": REVERSAL, "undone": None}]


async def test_a_refusal_of_another_kind_is_not_taken_for_nothing() -> None:
    with pytest.raises(RequestRejected):
        await given([REVERSAL], answer=RequestRejected("no", status=422))


@pytest.mark.parametrize("body", [None, [], {}, {"data": []}, {"data": {"id": 9}}], ids=str)
async def test_another_row_than_asked_for_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        await given([REVERSAL], answer=body)


@pytest.mark.parametrize("value", [None, "2", [], True])
async def test_a_name_that_is_no_id_is_left_to_the_parser(value: Any) -> None:
    row = {"id": 3, "reverses-id": value}
    pages, asked = await given([row])
    assert (pages[0].rows, asked) == ([row], [])
