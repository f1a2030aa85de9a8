"""Price bars as the features read them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum


class Timeframe(StrEnum):
    """How much time one bar covers."""

    DAY = "1d"
    HOUR = "1h"
    FOUR_HOURS = "4h"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; prices are statistics here (features), hence floats.

    Units: `opened_at` and `closed_at` aware UTC, the bar covers [opened_at, closed_at);
    `volume` in the source's own unit, None when it has no meaningful one.
    """

    opened_at: datetime
    closed_at: datetime
    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float | None


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one symbol from one source, ascending by time, none twice.

    Shape: `symbol` is the provider's own; `inverted` tells that prices are 1/p of it (6J from
    USDJPY); `volume_kind` says what volume counts.
    """

    symbol: str
    timeframe: Timeframe
    source: str
    licence: str
    bars: tuple[Bar, ...]
    inverted: bool = False
    volume_kind: str = "units"
    rejected: tuple[str, ...] = ()  # rows of the source that could not be used, and why

    def until(self, as_of: datetime) -> "Series":
        """Keep only what was known at `as_of`: bars that had closed by then."""
        return replace(self, bars=tuple(bar for bar in self.bars if bar.closed_at <= as_of))

    def invert(self) -> "Series":
        """Return the series of 1/p; the highest price becomes the lowest.

        Raises: ZeroDivisionError for a price of zero, which has no inverse.
        """
        bars = tuple(
            replace(bar, open=1 / bar.open, high=1 / bar.low, low=1 / bar.high, close=1 / bar.close)
            for bar in self.bars
        )
        return replace(self, bars=bars, inverted=not self.inverted)
