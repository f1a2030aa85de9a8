from typing import Any

import pytest

from shared.brokers.engine.frozen_pages import by_number
from shared.brokers.spec import BrokerAccount, Request, Walk, Window
from shared.domain.errors import BudgetSpent, ContractBroken
from tests.unit.brokers.engine.test_paging import (
    WINDOW,
    Broker,
    booked_at,
    hours,
    ids,
    rows_of,
)

SIZE = 2


def page(total: int, *names: str) -> dict[str, Any]:
    return {"rows": [{"id": name, "at": name} for name in names], "total": total}


def request(account: BrokerAccount, window: Window, number: int) -> Request:
    return Request(f"/{account.account_id}", {"page": str(number), "end": f"{window.until}"})


def walk(*, newest_first: bool = False) -> Walk:
    return by_number(
        request,
        size=SIZE,
        rows=rows_of,
        total=lambda body: int(body["total"]),
        booked_at=None if newest_first else booked_at,
    )


def numbers(broker: Broker) -> list[str]:
    return [one.params["page"] for one in broker.asked]


async def test_every_page_is_asked_for_once() -> None:
    broker = Broker(page(5, "1", "2"), page(5, "3", "4"), page(5, "5"))
    assert ids(await broker.walked(walk())) == ["1", "2", "3", "4", "5"]
    assert numbers(broker) == ["0", "1", "2"]


async def test_a_last_page_that_is_full_ends_the_walk() -> None:
    broker = Broker(page(4, "1", "2"), page(4, "3", "4"))
    await broker.walked(walk())
    assert numbers(broker) == ["0", "1"]


async def test_an_empty_history_is_one_page() -> None:
    broker = Broker(page(0))
    assert ids(await broker.walked(walk())) == []
    assert numbers(broker) == ["0"]


async def test_the_end_is_the_same_for_every_page() -> None:
    broker = Broker(page(3, "1", "2"), page(3, "3"))
    await broker.walked(walk())
    assert {one.params["end"] for one in broker.asked} == {f"{WINDOW.until}"}


async def test_a_page_is_complete_until_its_newest_row() -> None:
    broker = Broker(page(3, "1", "2"), page(3, "3"))
    pages = await broker.walked(walk())
    assert [one.complete_until for one in pages] == [hours(2), hours(3)]


async def test_newest_first_nothing_is_complete_before_the_end() -> None:
    broker = Broker(page(3, "3", "2"), page(3, "1"))
    pages = await broker.walked(walk(newest_first=True))
    assert [one.complete_until for one in pages] == [None, None]


async def test_a_total_that_changes_starts_the_walk_over() -> None:
    late = (page(4, "1", "1.5"), page(4, "2", "3"))
    broker = Broker(page(3, "1", "2"), page(4, "2", "3"), *late)
    assert ids(await broker.walked(walk())) == ["1", "2", "1", "1.5", "2", "3"]
    assert numbers(broker) == ["0", "1", "0", "1"]


async def test_a_row_that_went_skips_none() -> None:
    broker = Broker(page(3, "1", "2"), page(2), page(2, "2", "3"))
    assert ids(await broker.walked(walk())) == ["1", "2", "2", "3"]


async def test_a_total_that_changes_at_every_start_ends_the_walk() -> None:
    broker = Broker(*[page(n, "1", "2") for n in range(3, 20)])
    with pytest.raises(ContractBroken, match="changed during each of 4 walks"):
        await broker.walked(walk())


@pytest.mark.parametrize(
    "short", [page(5, "1"), page(5), page(1, "1", "2")], ids=["short", "empty", "long"]
)
async def test_a_page_without_the_rows_that_it_must_have_is_refused(short: dict[str, Any]) -> None:
    with pytest.raises(ContractBroken, match="were owed"):
        await Broker(short).walked(walk())


async def test_what_was_given_stands_when_the_budget_ends() -> None:
    broker = Broker(page(3, "1", "2"), BudgetSpent("later"))
    pages = walk()(broker.ask, BrokerAccount("a-1", "A1", "USD"), WINDOW)
    assert ids([await anext(pages)]) == ["1", "2"]
    with pytest.raises(BudgetSpent):
        await anext(pages)
