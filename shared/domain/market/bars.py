"""Price bars as the features read them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

FILES = "files"  # the provider that is a folder
RESTATED = 0.05  # the smallest split moves a price by more, no correction does


class Timeframe(StrEnum):
    """How much time one bar covers."""

    DAY = "1d"
    HOUR = "1h"
    FOUR_HOURS = "4h"
    FIVE_MINUTES = "5m"


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; prices are statistics here (features), hence floats.

    Units: `opened_at` and `closed_at` aware UTC, the bar covers [opened_at, closed_at);
    `volume` in the source's own unit, None when it has no meaningful one. `rolled` is set on the
    first bar of a future's next contract: what prices of before it are multiplied with to be in
    its terms, 1 where that is not known.
    """

    opened_at: datetime
    closed_at: datetime
    session: date
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    rolled: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Bars of one symbol from one source, ascending by time, none twice.

    Shape: `symbol` is the registry's; `provider` is who served it; `inverted` tells that prices are
    1/p of it (6J from USDJPY); `volume_kind` says what volume counts.
    """

    symbol: str
    timeframe: Timeframe
    source: str
    licence: str
    bars: tuple[Bar, ...]
    inverted: bool = False
    volume_kind: str = "units"
    rejected: tuple[str, ...] = ()  # rows of the source that could not be used, and why
    provider: str = FILES

    def until(self, as_of: datetime) -> "Series":
        """Keep only what was known at `as_of`: bars that had closed by then."""
        return replace(self, bars=tuple(bar for bar in self.bars if bar.closed_at <= as_of))

    def back_adjusted(self) -> "Series":
        """Restate what lies before a roll in prices of the newest contract; volumes stay.

        Only the rolls that are in the bars count: cut the series to its as-of first.
        """
        restated, factor = [], 1.0
        for bar in reversed(self.bars):
            restated.append(bar if factor == 1.0 else _times(bar, factor))
            factor *= 1.0 if bar.rolled is None else bar.rolled
        return replace(self, bars=tuple(reversed(restated)))

    def invert(self) -> "Series":
        """Return the series of 1/p; the highest price becomes the lowest.

        Raises: ZeroDivisionError for a price of zero, which has no inverse.
        """
        bars = tuple(
            replace(bar, open=1 / bar.open, high=1 / bar.low, low=1 / bar.high, close=1 / bar.close)
            for bar in self.bars
        )
        return replace(self, bars=bars, inverted=not self.inverted)


def _times(bar: Bar, factor: float) -> Bar:
    o, h, low, c = (price * factor for price in (bar.open, bar.high, bar.low, bar.close))
    return replace(bar, open=o, high=h, low=low, close=c)
