"""Price bars as the features read them."""

from dataclasses import dataclass
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

    def until(self, as_of: datetime) -> "Series":
        """Keep only what was known at `as_of`: bars that had closed by then."""
        bars = tuple(bar for bar in self.bars if bar.closed_at <= as_of)
        return Series(
            self.symbol,
            self.timeframe,
            self.source,
            self.licence,
            bars,
            self.inverted,
            self.volume_kind,
        )
