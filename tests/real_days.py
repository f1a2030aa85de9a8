"""Snapshots of many instruments on many real days, from the development data or the open ones."""

import asyncio
import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from shared.domain.bias import Forecast, Moment, Provenance, Snapshot
from shared.domain.errors import NotFound
from shared.domain.market.bars import Series, Timeframe
from shared.domain.market.events import CalendarEvent, Impact
from shared.domain.time import parse_instant
from shared.features.inputs import FeatureInputs
from shared.features.table import compute
from shared.forecast.probabilities import forecast
from shared.market.providers.csv_files import CsvFiles
from shared.market.registry import load_instruments
from shared.market.sessions import next_session, previous_session, session_close, session_for
from tests.open_market import open_inputs, served

DATA = Path(__file__).parents[2] / "shared" / "market"
ALL_AT_HAND = (DATA / "daily" / "ES.csv").is_file()
_LAST = datetime(2023, 8, 31, tzinfo=UTC)
_LEADERS = ("AAPL", "MSFT", "GOOGL", "AMZN", "META", "NVDA", "TSLA")


def evenings(last: datetime, count: int) -> list[datetime]:
    """The last evenings of weekdays, after the closes of all markets."""
    every = (last - timedelta(days=n) for n in range(3 * count))
    return [day for day in every if day.weekday() < 4][:count][::-1]


def days(
    count: int, only: frozenset[str] = frozenset()
) -> Iterator[list[tuple[Snapshot, Forecast]]]:
    """All instruments at hand, or these, evening by evening."""
    last = datetime(2023, 8, 29, 23, 30, tzinfo=UTC)
    if not ALL_AT_HAND:
        last = datetime(2020, 6, 4, 23, 30, tzinfo=UTC)
    symbols = [*load_instruments()] if ALL_AT_HAND else served()
    for evening in evenings(last, count):
        yield [taken(s, evening) for s in symbols if not only or s in only]


def taken(symbol: str, as_of: datetime) -> tuple[Snapshot, Forecast]:
    """Take the snapshot of one instrument and evening, with its forecast."""
    inputs = _own_inputs(symbol, as_of) if ALL_AT_HAND else open_inputs(symbol, as_of)
    snapshot = snapshot_of(inputs)
    return snapshot, forecast(inputs.instrument, snapshot.features, as_of)


def snapshot_of(inputs: FeatureInputs) -> Snapshot:
    """Freeze what one instrument's inputs say."""
    table = compute(inputs)
    wanted = {*inputs.instrument.calendar_currencies, "All"}
    before, close, _ = inputs.edges
    events = [e for e in inputs.events or () if e.currency in wanted and before < e.at <= close]
    return Snapshot(
        instrument=inputs.instrument.symbol,
        session=inputs.session,
        moment=Moment.CLOSE,
        as_of=inputs.as_of,
        features=table.features,
        levels=table.levels,
        events=tuple(sorted(events, key=lambda e: (e.at, e.currency, e.title))),
        provenance=Provenance(
            series=inputs.daily.symbol,
            source="test",
            licence="test",
            last_bar_at=inputs.days.bars[-1].closed_at,
        ),
    )


def _own_inputs(symbol: str, as_of: datetime) -> FeatureInputs:
    instrument = load_instruments()[symbol]
    session = session_for(instrument, as_of)
    around = (previous_session(instrument, session), session, next_session(instrument, session))
    since = datetime(as_of.year - 3, 1, 1, tzinfo=UTC)  # more than the numbers look back
    found = {name: _series(name, since) for name in _LEADERS}
    return FeatureInputs(
        instrument=instrument,
        as_of=as_of,
        session=session,
        edges=tuple(session_close(instrument, s) for s in around),
        daily=_series(symbol, since),
        leaders={name: series for name, series in found.items() if series is not None},
        vix=_series("VIX", since),
        events=_events_at(as_of),
    )


@cache
def _series(symbol: str, since: datetime) -> Series | None:
    files = CsvFiles(DATA)
    # a leader without a series of its own in the registry is read as a stock like AAPL
    for name in (symbol, {"META": "FB"}.get(symbol, "AAPL")):
        try:
            return asyncio.run(files.fetch(name, Timeframe.DAY, since, _LAST))
        except NotFound:
            continue
    return None


@cache
def _events() -> tuple[CalendarEvent, ...]:
    path = DATA / "calendar" / "ff_high_impact_2020_2023.csv"
    return tuple(
        CalendarEvent(
            at=parse_instant(row["datetime_utc"]),
            currency=row["currency"],
            impact=Impact(row["impact"]),
            title=row["title"],
            actual=row["actual"] or None,
            forecast=row["forecast"] or None,
            previous=row["previous"] or None,
            source="test",
        )
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    )


@cache
def _events_at(as_of: datetime) -> tuple[CalendarEvent, ...]:
    known = [e for e in _events() if e.at <= as_of + timedelta(days=8)]
    return tuple(e if e.at <= as_of else e.model_copy(update={"actual": None}) for e in known)
