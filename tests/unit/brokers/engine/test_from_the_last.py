from typing import Any

import pytest

from shared.brokers.engine.frozen_pages import from_the_last
from shared.brokers.spec import Walk
from shared.domain.errors import ContractBroken
from tests.unit.brokers.engine.test_frozen_pages import SIZE, numbers, page, request
from tests.unit.brokers.engine.test_paging import Broker, booked_at, hours, ids, rows_of

FIRST = page(5, "5", "4")


def walk() -> Walk:
    return from_the_last(
        request,
        size=SIZE,
        rows=rows_of,
        total=lambda body: int(body["total"]),
        booked_at=booked_at,
    )


async def test_the_oldest_page_is_given_first() -> None:
    broker = Broker(FIRST, page(5, "1"), page(5, "3", "2"), FIRST)
    assert ids(await broker.walked(walk())) == ["1", "3", "2", "5", "4"]
    assert numbers(broker) == ["0", "2", "1", "0"]


async def test_a_page_is_complete_until_its_newest_row() -> None:
    broker = Broker(FIRST, page(5, "1"), page(5, "3", "2"), FIRST)
    pages = await broker.walked(walk())
    assert [one.complete_until for one in pages] == [hours(1), hours(3), hours(5)]


@pytest.mark.parametrize("names", [(), ("1",), ("2", "1")], ids=str)
async def test_what_fits_into_one_page_is_asked_for_once(names: tuple[str, ...]) -> None:
    broker = Broker(page(len(names), *names))
    assert ids(await broker.walked(walk())) == [*names]
    assert numbers(broker) == ["0"]


async def test_a_total_that_changes_starts_the_walk_over() -> None:
    again = (page(4, "4", "3"), page(4, "2", "1"), page(4, "4", "3"))
    broker = Broker(page(3, "4", "3"), page(4, "2", "1"), *again)
    assert ids(await broker.walked(walk())) == ["2", "1", "4", "3"]


async def test_a_total_that_changes_at_every_start_breaks_the_contract() -> None:
    answers: list[dict[str, Any]] = [page(3, "3", "2"), page(4, "2", "1")] * 4
    with pytest.raises(ContractBroken, match="changed"):
        await Broker(*answers).walked(walk())


async def test_a_page_that_lacks_rows_breaks_the_contract() -> None:
    with pytest.raises(ContractBroken, match="page 1 has 0 rows, 1 were owed"):
        await Broker(page(3, "3", "2"), page(3)).walked(walk())
