"""Rows of a provider made into bars: of sessions and hours, whole ones only, each once."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from shared.domain.errors import InvalidInput
from shared.domain.market.bars import Bar, Timeframe
from shared.domain.market.instrument import PriceSeries
from shared.market.sessions import session_close, session_for, session_open

_STEPS = {Timeframe.HOUR: timedelta(hours=1), Timeframe.FIVE_MINUTES: timedelta(minutes=5)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candle:
    """One row as a provider gave it, from `at` on.

    Shape: `contract` is what a continuous future follows there, None where nothing rolls.
    """

    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which bars are read: those that opened at `since` or later and closed by `until`."""

    market: PriceSeries
    timeframe: Timeframe
    since: datetime
    until: datetime


@dataclass(slots=True)
class Folded:
    """Bars, ascending, and in words what of the rows could not be used."""

    bars: tuple[Bar, ...] = ()
    rejected: list[str] = field(default_factory=list)


def check_prices(o: float, h: float, low: float, c: float, volume: float | None) -> None:
    """Make sure that a bar is one; prices below zero are prices.

    Raises: ValueError that says what is wrong.
    """
    if not all(map(math.isfinite, (o, h, low, c))):
        raise ValueError("a price is not a number")
    if not low <= min(o, c) <= max(o, c) <= h:
        raise ValueError("open or close outside of low..high")
    if volume is not None and not 0 <= volume < math.inf:
        raise ValueError(f"a volume of {volume}")


def fold(
    wanted: Wanted,
    candles: Iterable[Candle],
    *,
    days: bool = False,
    factors: Mapping[datetime, float] | None = None,
) -> Folded:
    """Fold rows that are no longer than a bar into the wanted bars, whole ones only.

    Shape: rows outside of the market's hours belong to no bar, but `days` tells that each row is a
    whole day, stamped before its session opens; a stub of a holiday joins the next one. `factors`
    tells of rolls by the time of the first row of the next contract.
    """
    folded, market = Folded(), wanted.market
    buckets: dict[tuple[datetime, datetime], list[Candle]] = defaultdict(list)
    for candle in _each_once(candles, folded):
        try:
            check_prices(candle.open, candle.high, candle.low, candle.close, candle.volume)
            edges = _edges(market, wanted.timeframe, candle.at, early=days)
        except (ValueError, InvalidInput) as error:  # InvalidInput: beyond the session table
            folded.rejected.append(f"{market.symbol} {candle.at:%Y-%m-%dT%H:%M}: {error}")
            continue
        if edges is not None and wanted.since <= edges[0] and edges[1] <= wanted.until:
            buckets[edges].append(candle)
    folded.bars = tuple(
        _bar(market, edges, buckets[edges], factors or {}) for edges in sorted(buckets)
    )
    return folded


def _each_once(candles: Iterable[Candle], folded: Folded) -> list[Candle]:
    known: dict[datetime, Candle] = {}
    for candle in candles:
        if known.setdefault(candle.at, candle) != candle:
            folded.rejected.append(f"a second, different row of {candle.at:%Y-%m-%dT%H:%M}")
    return [known[at] for at in sorted(known)]


def _edges(
    market: PriceSeries, timeframe: Timeframe, at: datetime, *, early: bool
) -> tuple[datetime, datetime] | None:
    session = session_for(market, at)
    opens, closes = session_open(market, session), session_close(market, session)
    if at < opens and not early:
        return None
    if timeframe is Timeframe.DAY:
        return opens, closes
    step = _STEPS[timeframe]
    start = at - (at - _EPOCH) % step
    return max(start, opens), min(start + step, closes)


def _bar(
    market: PriceSeries,
    edges: tuple[datetime, datetime],
    rows: Sequence[Candle],
    factors: Mapping[datetime, float],
) -> Bar:
    """Make one bar; where a contract rolls inside of it, its earlier rows are restated."""
    factor, restated = 1.0, list[Candle]()
    rolled = None
    for row in reversed(rows):
        restated.append(_times(row, factor))
        if row.at in factors:
            factor *= factors[row.at]
            rolled = factor
    restated.reverse()
    volumes = [row.volume for row in restated if row.volume is not None]
    return Bar(
        *edges,
        session_for(market, edges[0]),
        restated[0].open,
        max(row.high for row in restated),
        min(row.low for row in restated),
        restated[-1].close,
        math.fsum(volumes) if volumes else None,
        rolled,
    )


def _times(row: Candle, factor: float) -> Candle:
    if factor == 1.0:
        return row
    o, h, low, c = (price * factor for price in (row.open, row.high, row.low, row.close))
    return replace(row, open=o, high=h, low=low, close=c)
