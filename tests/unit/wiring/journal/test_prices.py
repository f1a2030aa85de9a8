from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from shared.domain.execution import AssetClass
from shared.domain.journal.position import Position
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.market.store import MarketStore
from shared.wiring.journal.prices import StoredPrices
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def bars(symbol: str, *closes: tuple[date, float]) -> Series:
    made = []
    for day, close in closes:
        opened_at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        closed_at = opened_at + timedelta(hours=21)
        made.append(Bar(opened_at, closed_at, day, close, close, close, close, None))
    return Series(symbol, Timeframe.DAY, "test", "open", tuple(made))


@pytest.fixture
async def prices() -> StoredPrices:
    clock = ManualClock(NOW)
    market = MarketStore(MemoryDocuments(), clock, SeededEntropy())
    old, new = date(2015, 6, 1), date(2026, 3, 3)
    await market.put_series(bars("EURUSD", (old, 1.1), (new, 1.25), (date(2026, 3, 4), 9.0)))
    await market.put_series(bars("SPY", (new, 500.1)))
    return StoredPrices(market, clock)


def position(symbol: str, kind: AssetClass) -> Position:
    one, at = Decimal(1), NOW
    return Position.model_validate(
        {
            "symbol": symbol,
            "root": symbol,
            "asset_class": kind,
            "currency": "USD",
            "multiplier": one,
            "quantity": one,
            "average_price": one,
            "cost": one,
            "opened_at": at,
        }
    )


@pytest.mark.parametrize(
    ("symbol", "kind", "price"),
    [
        ("SPY", AssetClass.EQUITY, "500.1"),
        ("EUR_USD", AssetClass.FX, "1.25"),
    ],
)
async def test_what_is_held_is_priced_at_its_newest_close(
    prices: StoredPrices, symbol: str, kind: AssetClass, price: str
) -> None:
    mark = await prices.mark(position(symbol, kind))
    assert mark is not None
    assert (mark.price, mark.as_of.date()) == (Decimal(price), date(2026, 3, 3))


@pytest.mark.parametrize(
    ("symbol", "kind"),
    [("SPY", AssetClass.OPTION), ("ESM6", AssetClass.FUTURE), ("MSFT", AssetClass.EQUITY)],
)
async def test_no_proxy_stands_in_for_what_has_no_price(
    prices: StoredPrices, symbol: str, kind: AssetClass
) -> None:
    assert await prices.mark(position(symbol, kind)) is None


async def test_closes_reach_back_as_far_as_is_asked(prices: StoredPrices) -> None:
    found = await prices.quotes(["EURUSD", "USDEUR"], date(2015, 1, 1), date(2026, 3, 3))
    assert list(found.closes) == ["EURUSD"]
    rate = found.rate("EUR", "USD", date(2026, 3, 3))
    assert rate is not None
    assert (rate.value, "test" in rate.source) == (Decimal("1.25"), True)
    assert found.rate("EUR", "USD", date(2015, 6, 1)) is not None
