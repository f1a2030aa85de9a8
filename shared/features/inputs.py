"""What the features are computed from, cut to what was known at the as-of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from shared.domain.bars import Bar, Series
from shared.domain.events import CalendarEvent
from shared.domain.instrument import Instrument
from shared.features.indicators import Array

# Every feature reads at most this many daily bars, so that an answer does not depend on how much
# older history a store happens to hold. Wilder's seeds have faded to 1e-12 by then.
WINDOW = 400


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars as arrays, oldest first; volume NaN where a bar has none."""

    bars: tuple[Bar, ...]
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array

    def __len__(self) -> int:
        return len(self.bars)


def columns(series: Series | None, as_of: datetime, last: int = WINDOW) -> Columns:
    """Cut a series to its `last` bars that had closed at `as_of`."""
    bars = series.until(as_of).bars[-last:] if series else ()
    table = np.array(
        [(b.open, b.high, b.low, b.close, np.nan if b.volume is None else b.volume) for b in bars],
        dtype=np.float64,
    ).reshape(-1, 5)
    return Columns(bars, *table.T)


@dataclass(frozen=True, slots=True)
class FeatureInputs:
    """Everything a step may read.

    Shape: `edges` are the closes of the session before, of the session that the bias is for, and of
    the one after; events between them are today's and tomorrow's. `events` is None when no
    calendar was known. `leaders` maps symbol to daily bars.
    """

    instrument: Instrument
    as_of: datetime
    session: date
    edges: tuple[datetime, datetime, datetime]
    daily: Series
    hourly: Series | None = None
    leaders: Mapping[str, Series] | None = None
    leaders_in_all: int = 7
    vix: Series | None = None
    events: Sequence[CalendarEvent] | None = None

    @property
    def price_decimals(self) -> int:
        """How many decimals a price of this instrument is shown with."""
        exponent = self.instrument.tick.normalize().as_tuple().exponent
        return max(2, -exponent) if isinstance(exponent, int) else 2
