from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from shared.domain.execution import RowStatus
from shared.journal.upkeep.as_of import AsOf, JournalThen
from tests.house import House
from tests.rows import USER, fill, page
from tests.twins.memory_documents import MemoryDocuments

BUY = fill("a", "10", "100")
SELL = fill("b", "-10", "105", minute=5)
HOUR = timedelta(hours=1)


@pytest.fixture
async def house() -> House:
    """A buy, an hour later a sale, an hour later the sale is cancelled."""
    made = House(MemoryDocuments())
    await made.store.store(page([BUY]))
    for run, rows in enumerate(([SELL], [SELL.model_copy(update={"status": RowStatus.BUSTED})]), 2):
        made.clock.advance(HOUR)
        await made.store.store(page(rows, run=run))
    await made.settle()
    return made


async def then(house: House, as_of: datetime) -> JournalThen:
    return await AsOf(house.documents).journal(USER, as_of)


async def test_now_is_what_the_projections_show(house: House) -> None:
    found = await then(house, house.clock.now())
    assert found.summary == await house.queries.summary(USER)
    assert [one.quantity for one in found.positions] == [Decimal(10)]


async def test_a_correction_is_not_known_before_it_was_stored(house: House) -> None:
    found = await then(house, house.clock.now() - HOUR)
    assert (found.summary.round_trips, found.positions) == (1, ())


async def test_a_fill_is_not_known_before_it_was_stored(house: House) -> None:
    found = await then(house, house.clock.now() - 2 * HOUR)
    assert (found.summary.round_trips, len(found.positions)) == (0, 1)


async def test_before_everything_nothing_was_known(house: House) -> None:
    found = await then(house, house.clock.now() - 3 * HOUR)
    assert (found.summary.executions, found.positions) == (0, ())
