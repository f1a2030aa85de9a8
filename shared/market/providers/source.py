"""A network provider to the registry: which series it serves, and how its bars are labelled."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.domain.errors import NotFound
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.domain.market.instrument import PriceSeries
from shared.market.registry import load_series


@dataclass(frozen=True, slots=True)
class Source:
    """Who serves bars: `name` as the registry has it, `title` and `licence` as readers see them."""

    name: str
    title: str
    licence: str
    timeframes: Collection[Timeframe]

    def find(self, symbol: str, timeframe: Timeframe) -> tuple[PriceSeries, str]:
        """Return a series of the registry, and what it is called here.

        Raises: NotFound where it is not served.
        """
        market = load_series().get(symbol)
        named = market.providers.get(self.name) if market else None
        if market is None or named is None or timeframe not in self.timeframes:
            raise NotFound(f"{self.title} has no {timeframe} bars of {symbol}")
        return market, named

    def series(
        self,
        market: PriceSeries,
        timeframe: Timeframe,
        bars: Sequence[Bar],
        rejected: Sequence[str],
        *,
        volume_kind: str | None = None,
    ) -> Series:
        """Label bars; `volume_kind` where it is not what the registry says."""
        return Series(
            symbol=market.symbol,
            timeframe=timeframe,
            source=f"{self.title} {market.providers[self.name]}",
            licence=self.licence,
            bars=tuple(bars),
            volume_kind=volume_kind or market.volume_kind,
            rejected=tuple(rejected),
            provider=self.name,
        )
