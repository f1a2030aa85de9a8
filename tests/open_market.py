"""The replay's open data as feature inputs, and small invented bars; shared by several tests."""

import asyncio
from collections.abc import Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

from shared.domain.errors import NotFound
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.features.inputs import FeatureInputs
from shared.market.providers.csv_calendar import CsvCalendar
from shared.market.providers.csv_files import CsvFiles
from shared.market.registry import LEADERS, VIX, load_instruments
from shared.market.sessions import next_session, previous_session, session_close, session_for

DATA = Path(__file__).parents[1] / "infra" / "local" / "data"
REPLAY = datetime(2020, 5, 29, 12, 15, tzinfo=UTC)  # 08:15 in New York
_LAST = datetime(2020, 6, 6, tzinfo=UTC)


def _run(work: Awaitable):
    # in a thread of its own: some callers stand inside a running loop
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@cache
def open_series(symbol: str, timeframe: Timeframe = Timeframe.DAY) -> Series | None:
    files = CsvFiles(DATA)
    since = datetime(2017, 1, 1, tzinfo=UTC)
    try:
        return _run(files.fetch(symbol, timeframe, since, _LAST))
    except NotFound:
        return None


@cache
def _events(as_of: datetime) -> tuple:
    return _run(CsvCalendar(DATA).fetch(as_of)).events


def open_inputs(symbol: str, as_of: datetime = REPLAY, *, cut: bool = False) -> FeatureInputs:
    """Inputs of one instrument; with `cut`, rows later than `as_of` are not even there."""
    instrument = load_instruments()[symbol]
    source = next(s for s in instrument.sources if open_series(s.series))

    def given(name: str, timeframe: Timeframe = Timeframe.DAY, *, invert: bool = False):
        series = open_series(name, timeframe)
        if series is None:
            return None
        series = series.until(as_of) if cut else series
        return series.invert() if invert else series

    session = session_for(instrument, as_of)
    before, after = previous_session(instrument, session), next_session(instrument, session)
    hourly = given(source.series, Timeframe.HOUR, invert=source.inverted)
    return FeatureInputs(
        instrument=instrument,
        as_of=as_of,
        session=session,
        edges=tuple(session_close(instrument, s) for s in (before, session, after)),
        daily=given(source.series, invert=source.inverted),
        hourly=hourly or given(source.series, Timeframe.FOUR_HOURS, invert=source.inverted),
        leaders={name: given(name) for name in LEADERS},
        vix=given(VIX),
        events=_events(as_of),
    )


def served() -> list[str]:
    """The instruments that the open prices can serve."""
    return [
        i.symbol
        for i in load_instruments().values()
        if any(open_series(s.series) for s in i.sources)
    ]


def daily_series(
    closes: Sequence[float],
    *,
    spread: float = 1.0,
    volume: float | None = 1000.0,
    volume_kind: str = "units",
    start: date = date(2020, 1, 6),
) -> Series:
    """Invented daily bars, one a weekday, each `spread` above and below its close."""
    bars, day = [], start
    for close in closes:
        while day.weekday() > 4:
            day += timedelta(days=1)
        opened = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
        closed = opened + timedelta(hours=6, minutes=30)
        bars.append(Bar(opened, closed, day, close, close + spread, close - spread, close, volume))
        day += timedelta(days=1)
    return Series("SPY", Timeframe.DAY, "invented", "none", tuple(bars), volume_kind=volume_kind)


def inputs_of(series: Series, **changes) -> FeatureInputs:
    """Inputs with these bars alone, as of the last close."""
    as_of = series.bars[-1].closed_at if series.bars else REPLAY
    spy = load_instruments()["SPY"]
    session = session_for(spy, as_of)
    edges = (as_of, session_close(spy, session), session_close(spy, next_session(spy, session)))
    return replace(FeatureInputs(spy, as_of, session, edges, series), **changes)
