from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from shared.bias.past.frozen import FrozenMarket
from shared.domain.errors import NotFound
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from tests.markets import DATA
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy


@asynccontextmanager
async def empty_store() -> AsyncIterator[MarketStore]:
    clock = ManualClock(datetime(2026, 11, 26, tzinfo=UTC))
    yield MarketStore(MemoryDocuments(), clock, SeededEntropy(1))


def market(folder=DATA, *symbols: str) -> FrozenMarket:
    known = load_instruments()
    chosen = {symbol: known[symbol] for symbol in symbols} or known
    return FrozenMarket(folder, chosen, empty_store)


async def test_the_same_moments_are_frozen_each_time_and_nothing_of_later_is_in_them():
    found = await market(DATA, "SPY", "EURUSD").cases(2)
    again = await market(DATA, "SPY", "EURUSD").cases(2)
    assert [c.snapshot.hash for c in found] == [c.snapshot.hash for c in again]
    assert {c.snapshot.instrument for c in found} == {"SPY", "EURUSD"}
    for case in found:
        assert case.snapshot.provenance.last_bar_at <= case.snapshot.as_of
        assert all(f.as_of <= case.snapshot.as_of for f in case.snapshot.features)
        assert all(e.actual is None for e in case.snapshot.events)
        assert len(case.earlier) == 5


async def test_one_instrument_more_leaves_the_moments_of_the_others_as_they_were():
    alone = await market(DATA, "SPY").cases(1)
    both = await market(DATA, "SPY", "EURUSD").cases(2)
    assert alone[0].snapshot.hash in {c.snapshot.hash for c in both}


async def test_a_folder_without_prices_is_told(tmp_path):
    with pytest.raises(NotFound, match="no snapshot can be made"):
        await market(tmp_path, "SPY").cases(1)
