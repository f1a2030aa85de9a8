"""What reports and round trips ask of prices, answered from the bars that are stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from shared.domain.execution import AssetClass
from shared.domain.journal.position import Position
from shared.domain.market.bars import Series, Timeframe
from shared.domain.performance.conversion import Quotes
from shared.journal.performance.prices import Mark
from shared.market.store import MarketStore
from shared.ports import Clock

_YEARS = 3  # that one reading of daily bars is sure to hold
_PRICED = frozenset({AssetClass.EQUITY, AssetClass.FX, AssetClass.CFD, AssetClass.CRYPTO})


@dataclass(frozen=True, slots=True)
class StoredPrices:
    """Bars of exactly what is traded: no proxy stands in for a future or an option.

    Bars are floats; a close is taken by its shortest decimal text, which is what its source wrote.
    """

    market: MarketStore
    clock: Clock

    async def mark(self, position: Position) -> Mark | None:
        """Give the newest daily close, where the symbol's own bars are stored."""
        if position.asset_class not in _PRICED:
            return None
        name = _name(position.symbol)
        series = await self.market.series(name, Timeframe.DAY, self.clock.now())
        if series is None:
            return None
        newest = series.bars[-1]
        return Mark(Decimal(str(newest.close)), newest.closed_at, _source(series))

    async def bars(self, symbol: str, asset_class: AssetClass, until: datetime) -> Series | None:
        """Give the hours of a symbol whose own bars are stored."""
        if asset_class not in _PRICED:
            return None
        as_of = min(until, self.clock.now())
        return await self.market.series(_name(symbol), Timeframe.HOUR, as_of)

    async def quotes(self, pairs: Sequence[str], since: date, until: date) -> Quotes:
        """Give the daily closes of those pairs whose bars are stored."""
        end = datetime.combine(until, time(), UTC) + timedelta(days=2)
        as_of = min(end, self.clock.now())
        found = {pair: await self._closes(pair, since, as_of) for pair in pairs}
        sources = sorted({source for _, source in found.values() if source})
        closes = {pair: days for pair, (days, _) in found.items() if days}
        return Quotes(closes, f"daily closes of {', '.join(sources) or 'nobody'}")

    async def _closes(
        self, pair: str, since: date, as_of: datetime
    ) -> tuple[dict[date, Decimal], str]:
        """Read from the newest year to the first that is wanted, a few years at once."""
        days, source = dict[date, Decimal](), ""
        for year in range(as_of.year, since.year - 1, -_YEARS):
            end = min(as_of, datetime(year, 12, 31, 23, tzinfo=UTC))
            series = await self.market.series(pair, Timeframe.DAY, end)
            if series is not None:
                source = source or series.source
                days |= {bar.session: Decimal(str(bar.close)) for bar in series.bars}
        return days, source


def _name(symbol: str) -> str:
    return symbol.replace("_", "").replace("/", "")


def _source(series: Series) -> str:
    return f"daily close of {series.symbol}, {series.source}"
