"""Past days of each instrument in the document store, for the days that are most like today."""

import asyncio
import base64
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from shared.bias.past.history import Beside, PastDay, day_at, day_end
from shared.bias.snapshot import calendar_at
from shared.domain.bias import AnalogDay, Analogs, Snapshot
from shared.domain.errors import NotFound
from shared.domain.market.bars import Series, Timeframe
from shared.domain.market.events import CalendarEvent
from shared.domain.market.instrument import Instrument
from shared.features.indicators import Array
from shared.forecast.analogs import PastDays, Similar, similar
from shared.forecast.predictors import PREDICTORS, predictors
from shared.forecast.scoring import RIVALS_NEED
from shared.forecast.vintages import CLASSES, vintage_for
from shared.market.registry import VIX
from shared.market.store import MarketStore
from shared.ports import Clock, Create, Document, Documents, Entropy, Key, Update
from shared.retry import compare_and_set

_YEARS = 6  # that are read: more days are not more alike, and each costs time
_A_ROUND = 60  # days of one instrument that one round works out, 2 ms each: a few seconds for all
_SHOWN = 5
_TAIL = 10  # per cent
_COLUMNS = " ".join(p.name for p in PREDICTORS)


@dataclass(slots=True)
class PastDaysReport:
    """How many days a round added, by instrument; `missing` says where none can be.

    Shape: `walked` = days that were worked out; one that gave no forecast is not added, and not
    worked out again.
    """

    added: dict[str, int] = field(default_factory=dict)
    walked: int = 0
    missing: list[str] = field(default_factory=list)


class PastDaysStore:
    """What was known before each past session, and what it brought; a year a document."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def read(self, symbol: str, as_of: datetime) -> PastDays:
        """Return the days of which it was known by then what followed.

        Raises: StoreUnavailable.
        """
        newest = as_of.year + 1  # a session may be dated a day after the instant
        years = range(newest - _YEARS, newest + 1)
        found = await self._documents.get_many([year_key(symbol, year) for year in years])
        return PastDays.of(_rows(year) for year in found if year).until(as_of)

    async def beside(self, snapshot: Snapshot, instrument: Instrument) -> Snapshot:
        """Put the most similar past days into a snapshot; unchanged where too few are known.

        Raises: StoreUnavailable.
        """
        try:
            slopes = vintage_for(snapshot.as_of).slopes
        except NotFound:
            return snapshot
        past = await self.read(instrument.symbol, snapshot.as_of)
        today = predictors(snapshot.features, instrument.sessions_a_year)
        found = similar(past, today, slopes)
        if found is None:
            return snapshot
        return snapshot.model_copy(update={"analogs": _shown(past, found)})


class KeepPastDays:
    """Adds each session once it has closed, as a backtest walks it."""

    def __init__(
        self,
        documents: Documents,
        market: MarketStore,
        clock: Clock,
        entropy: Entropy,
        *,
        calendar_source: str = "official",
    ) -> None:
        self._documents = documents
        self._market = market
        self._clock = clock
        self._entropy = entropy
        self._calendar_source = calendar_source

    async def bring(self, instruments: Iterable[Instrument]) -> PastDaysReport:
        """Add what has closed since, the oldest first; a first fill takes a few rounds.

        Idempotent: a day that is there stays as it was known when it was added; with nothing new
        no day is worked out.
        Raises: StoreUnavailable, InvalidInput beyond the session table.
        """
        report, now = PastDaysReport(), self._clock.now()
        vix = await self._market.series(VIX, Timeframe.DAY, now)
        calendars = _Calendars(self._market, self._calendar_source)
        for instrument in instruments:
            found = await self._market.price_series(instrument, Timeframe.DAY, now)
            if found is None:
                report.missing.append(instrument.symbol)
                continue
            days = await self._walk(instrument, (found[1], vix), calendars)
            report.walked += len(days)
            if added := sum(row is not None for row in days.values()):
                report.added[instrument.symbol] = added
        return report

    async def _walk(
        self,
        instrument: Instrument,
        prices: tuple[Series, Series | None],
        calendars: "_Calendars",
    ) -> "_Days":
        series, vix = prices
        due = (await self._due(instrument, series))[:_A_ROUND]
        ends = [day_end(instrument, series.bars[i]) for i in due]
        beside = [Beside(vix, await calendars.at(end)) for end in ends]
        days = await asyncio.to_thread(_walked, instrument, series, due, beside)
        by_year: dict[int, _Days] = defaultdict(dict)
        for session, row in days.items():
            by_year[session.year][session] = row
        for year, of_year in by_year.items():
            await self._put(year_key(instrument.symbol, year), of_year)
        return days

    async def _due(self, instrument: Instrument, series: Series) -> list[int]:
        """Number the bars whose next one's day has not been worked out."""
        first, last = series.bars[0].session.year, series.bars[-1].session.year
        keys = [year_key(instrument.symbol, year) for year in range(first, last + 1)]
        stored = await self._documents.get_many(keys)
        held = {session for document in stored if document for session in _told(document)}
        return [
            i
            for i in range(RIVALS_NEED - 1, len(series.bars) - 1)
            if series.bars[i + 1].session.toordinal() not in held
        ]

    async def _put(self, key: Key, days: "_Days") -> None:
        async def merge() -> None:
            (stored,) = await self._documents.get_many([key])
            old = [] if stored is None else [*_rows(stored)]
            held = set() if stored is None else _told(stored)
            new = {session.toordinal(): row for session, row in days.items()}
            rows = [row for session, row in new.items() if row is not None and session not in held]
            whole = PastDays.of([*old, *rows])
            without = (held | set(new)) - set(whole.sessions.tolist())
            body = year_body(key, whole, without)
            write = Create(key, body) if stored is None else Update(key, body, stored.version)
            await self._documents.commit([write])

        await compare_and_set(self._clock, self._entropy, merge)


@dataclass(slots=True)
class _Calendars:
    """Bodies as they were known at closes, which many instruments share; read once a round."""

    market: MarketStore
    source: str
    known: dict[datetime, tuple[CalendarEvent, ...] | None] = field(default_factory=dict)

    async def at(self, as_of: datetime) -> tuple[CalendarEvent, ...] | None:
        if as_of not in self.known:
            self.known[as_of], _ = await calendar_at(self.market, as_of, self.source)
        return self.known[as_of]


# By the session that followed, in order; None where a day gave no forecast.
_Days = dict[date, Array | None]


def _walked(
    instrument: Instrument, series: Series, due: Sequence[int], beside: Sequence[Beside]
) -> _Days:
    found = {
        series.bars[i + 1].session: day_at(instrument, series, i, b)
        for i, b in zip(due, beside, strict=True)
    }
    return {s: day.record if isinstance(day, PastDay) else None for s, day in found.items()}


def year_key(symbol: str, year: int) -> Key:
    """Address the days of a year."""
    return Key("past_days", (f"{symbol}-{year}",))


def year_body(key: Key, days: PastDays, without: Iterable[int] = ()) -> dict[str, Any]:
    """Write the days of a year; `without` are the ordinals of sessions that gave no forecast."""
    # one text of numbers: 21 instruments times six years are read for one board
    table = base64.b64encode(days.table.astype("<f8").tobytes()).decode()
    return {
        "past": key.id,
        "columns": _COLUMNS,
        "days": len(days),
        "table": table,
        "without": sorted(without),
    }


def _rows(document: Document) -> Array:
    """Read a year; one whose columns are not today's was worked out by other rules: none of it."""
    body, empty = document.body, PastDays.of(()).table
    if body["columns"] != _COLUMNS:
        return empty
    flat = np.frombuffer(base64.b64decode(body["table"]), dtype="<f8")
    table: Array = flat.reshape(body["days"], empty.shape[1])
    return table


def _told(document: Document) -> set[int]:
    """Name the sessions of a year whose days were worked out by today's rules."""
    body = document.body
    if body["columns"] != _COLUMNS:
        return set()
    return {*PastDays(_rows(document)).sessions.tolist(), *body.get("without", ())}


def _shown(past: PastDays, found: Similar) -> Analogs:
    days, counts = found.days, found.counts
    low, median, high = np.percentile(days.moves, (_TAIL, 50, 100 - _TAIL)).round(2).tolist()
    near = zip(days.sessions, found.distances, days.outcomes, days.moves, strict=True)
    return Analogs(
        searched=len(past),
        since=date.fromordinal(int(past.sessions.min())),
        count=len(days),
        bear=counts[0],
        neutral=counts[1],
        bull=counts[2],
        low=low + 0.0,
        median=median + 0.0,
        high=high + 0.0,
        nearest=tuple(
            AnalogDay(
                session=date.fromordinal(int(session)),
                distance=round(float(distance), 2),
                outcome=CLASSES[outcome],
                move=round(float(move), 2) + 0.0,
            )
            for session, distance, outcome, move in itertools.islice(near, _SHOWN)
        ),
    )
