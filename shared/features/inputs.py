"""What the features are computed from, cut to what was known at the as-of."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import numpy as np
import numpy.typing as npt

from shared.domain.market.bars import Bar, Series
from shared.domain.market.events import CalendarEvent
from shared.domain.market.instrument import Instrument
from shared.features.indicators import Array, atr

Days = npt.NDArray[np.int64]

# Every feature reads at most this many daily bars, so that an answer does not depend on how much
# older history a store happens to hold: 500 returns for the tail, and Wilder's seeds have faded to
# 1e-15 by then. A leader is read over what its averages need.
WINDOW = 520
LEADER_WINDOW = 130
HOURLY_WINDOW = 24 * 22


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars as arrays, oldest first.

    Shape: `sessions` are the ordinals of the session dates; volume is NaN where a bar has none.
    """

    bars: tuple[Bar, ...]
    sessions: Days
    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array

    def __len__(self) -> int:
        return len(self.bars)

    def pick(self, rows: slice | Days) -> "Columns":
        """Keep these rows."""
        kept = self.bars[rows] if isinstance(rows, slice) else tuple(self.bars[i] for i in rows)
        prices = (self.open, self.high, self.low, self.close, self.volume)
        return Columns(kept, self.sessions[rows], *(row[rows] for row in prices))

    def last(self, count: int) -> "Columns":
        """Keep the newest `count` rows."""
        return self.pick(slice(max(0, len(self) - count), None))


def columns(series: Series | None, as_of: datetime, last: int = WINDOW) -> Columns:
    """Cut a series to its `last` bars that had closed at `as_of`."""
    known = bisect_right(series.bars, as_of, key=lambda b: b.closed_at) if series else 0
    bars = series.bars[max(0, known - last) : known] if series else ()
    table = np.array(
        [(b.open, b.high, b.low, b.close, np.nan if b.volume is None else b.volume) for b in bars],
        dtype=np.float64,
    ).reshape(-1, 5)
    sessions = np.array([bar.session.toordinal() for bar in bars], dtype=np.int64)
    return Columns(bars, sessions, *np.ascontiguousarray(table.T))


@dataclass(frozen=True)
class FeatureInputs:
    """Everything a step may read; what several steps read is cut and computed once.

    Shape: `edges` are the closes of the session before, of the session that the bias is for, and of
    the one after; events between them are today's and tomorrow's. `events` is None when no calendar
    was known. `leaders` maps symbol to daily bars, `leaders_5min` to bars of five minutes;
    `five_minute` are the instrument's own or its stand-in's.
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
    five_minute: Series | None = None
    leaders_5min: Mapping[str, Series] | None = None

    @cached_property
    def days(self) -> Columns:
        """The daily bars that were known."""
        return columns(self.daily, self.as_of)

    @cached_property
    def day_atr(self) -> Array:
        """Wilder's 14-session average true range of each known day."""
        return atr(self.days.high, self.days.low, self.days.close)

    @cached_property
    def hours(self) -> Columns:
        """The bars within the day that were known, of the sessions that a profile reads."""
        return columns(self.hourly, self.as_of, last=HOURLY_WINDOW)

    @property
    def price_decimals(self) -> int:
        """How many decimals a price of this instrument is shown with."""
        exponent = self.instrument.tick.normalize().as_tuple().exponent
        return max(2, -exponent) if isinstance(exponent, int) else 2
