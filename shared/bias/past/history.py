"""Past days as they were known then: a walk over files of bars, one forecast's inputs at a time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from shared.domain.bias import Label
from shared.domain.errors import NotFound
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.domain.market.events import CalendarEvent
from shared.domain.market.instrument import Instrument
from shared.features.indicators import Array
from shared.features.inputs import WINDOW, FeatureInputs
from shared.features.table import features_of
from shared.forecast.analogs import row
from shared.forecast.predictors import STEPS, predictors
from shared.forecast.scoring import RIVALS_NEED, close_to_close, open_to_close
from shared.forecast.vintages import CLASSES
from shared.market.providers.csv_calendar import CsvCalendar, known_events
from shared.market.providers.csv_files import CsvFiles
from shared.market.registry import VIX
from shared.market.sessions import next_session, session_close

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_SPARE = 10  # bars beyond the window, so that the window is always full
_KEPT = 60  # bars that stay with a day: the ATR of yesterday has settled in them


@dataclass(frozen=True, slots=True)
class PastDay:
    """One day: what was known at its close, and what the next close brought.

    Shape: `values` in the order of PREDICTORS; `known` are the newest bars at the as-of, `after`
    the next one; `as_of` and `labelled_at` are the two closes.
    Units: `move_atr`, close to close, in the ATR known at the as-of.
    """

    instrument: Instrument
    as_of: datetime
    labelled_at: datetime
    values: Array
    known: tuple[Bar, ...]
    after: Bar
    move_atr: float
    outcome: Label
    outcome_open: Label

    @property
    def record(self) -> Array:
        """This day as a row of PastDays."""
        followed = (CLASSES.index(self.outcome), self.move_atr)
        return row(self.after.session.toordinal(), self.labelled_at, followed, self.values)


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder's bars and events, read once."""

    series: Mapping[str, Series]
    events: Sequence[CalendarEvent]

    def prices(self, instrument: Instrument) -> Series | None:
        """Return the first source of the instrument's chain that has bars."""
        for source in instrument.sources:
            found = self.series.get(source.series)
            if found is not None and found.bars:
                return found.invert() if source.inverted else found
        return None

    def vix(self, as_of: datetime) -> Series | None:
        """Return the VIX as it was known at a close."""
        series = self.series.get(VIX)
        if series is None:
            return None
        end = bisect_right(series.bars, as_of, key=lambda bar: bar.closed_at)
        return replace(series, bars=series.bars[max(0, end - WINDOW) : end])

    def known_events(self, as_of: datetime) -> tuple[CalendarEvent, ...] | None:
        """Return the events as they were known; None outside of the file's span.

        There no row does not mean no event.
        """
        events = self.events
        if not events or not events[0].at <= as_of <= events[-1].at:
            return None
        return known_events(events, as_of)


async def open_archive(folder: Path, instruments: Iterable[Instrument], until: date) -> Archive:
    """Read the daily bars of instruments and all events of a folder, none of after `until`.

    Raises: NotFound when it has no daily bars at all, ContractBroken for a file of another shape.
    """
    files, series = CsvFiles(folder), {}
    end = datetime(until.year, until.month, until.day, tzinfo=UTC) + timedelta(days=1, hours=1)
    wanted = [source.series for instrument in instruments for source in instrument.sources]
    for symbol in dict.fromkeys((*wanted, VIX)):
        try:
            series[symbol] = await files.fetch(symbol, Timeframe.DAY, _FIRST, end)
        except NotFound:
            continue
    if not set(wanted) & set(series):
        raise NotFound(f"no daily/SYMBOL.csv of a known series in {folder}")
    return Archive(series, tuple(e for e in CsvCalendar(folder).read() if e.at <= end))


def walk(
    archive: Archive, instrument: Instrument, since: date, until: date
) -> Iterator[PastDay | str]:
    """Yield each day whose next session lies in since..until, or why it gives no forecast."""
    series = archive.prices(instrument)
    if series is None:
        yield f"no daily bars of {' or '.join(s.series for s in instrument.sources)}"
        return
    for i in range(len(series.bars) - 1):
        if since <= series.bars[i + 1].session <= until:
            as_of = day_end(instrument, series.bars[i])
            beside = Beside(archive.vix(as_of), archive.known_events(as_of))
            yield day_at(instrument, series, i, beside)


@dataclass(frozen=True, slots=True)
class Beside:
    """What was known at a close beside the prices."""

    vix: Series | None
    events: Sequence[CalendarEvent] | None


def day_end(instrument: Instrument, bar: Bar) -> datetime:
    """Tell when the day of a bar is over, its own and that of the instrument it stands for."""
    return max(bar.closed_at, session_close(instrument, bar.session))


def day_at(instrument: Instrument, series: Series, i: int, beside: Beside) -> PastDay | str:
    """Work out the day of one bar that has another after it, or say why it gives no forecast."""
    last, after = series.bars[i], series.bars[i + 1]
    known = series.bars[max(0, i + 1 - WINDOW - _SPARE) : i + 1]
    if len(known) < RIVALS_NEED:
        return f"{RIVALS_NEED} bars are needed before a forecast"
    as_of = day_end(instrument, last)
    inputs = inputs_at(instrument, replace(series, bars=known), as_of, beside)
    features = features_of(inputs, STEPS)
    atr = next(f.value for f in features if f.name == "atr14")
    if not isinstance(atr, float) or atr <= 0:
        return "no ATR was known"
    return PastDay(
        instrument=instrument,
        as_of=as_of,
        labelled_at=after.closed_at,
        values=predictors(features, instrument.sessions_a_year),
        known=known[-_KEPT:],
        after=after,
        move_atr=(after.close - last.close) / atr,
        outcome=close_to_close(last, after, atr),
        outcome_open=open_to_close(after, atr),
    )


def inputs_at(
    instrument: Instrument, known: Series, as_of: datetime, beside: Beside
) -> FeatureInputs:
    """Collect what the steps read at a close, from bars that had closed and events as known."""
    last = known.bars[-1].session
    session = next_session(instrument, last)
    closes = (last, session, next_session(instrument, session))
    before, close, after = (session_close(instrument, s) for s in closes)
    return FeatureInputs(
        instrument=instrument,
        as_of=as_of,
        session=session,
        edges=(before, close, after),
        daily=known,
        vix=beside.vix,
        events=beside.events,
    )
