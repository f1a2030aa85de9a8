"""Past days as they were known then: a walk over files of bars, one forecast's inputs at a time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from shared.domain.bars import Bar, Series, Timeframe
from shared.domain.bias import Label
from shared.domain.errors import NotFound
from shared.domain.events import CalendarEvent
from shared.domain.instrument import Instrument
from shared.features.indicators import Array
from shared.features.inputs import WINDOW, FeatureInputs
from shared.features.table import features_of
from shared.forecast.predictors import STEPS, predictors
from shared.forecast.scoring import RIVALS_NEED, close_to_close, open_to_close
from shared.market.csv_calendar import CsvCalendar, known_events
from shared.market.csv_files import CsvFiles
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
    """

    instrument: Instrument
    as_of: datetime
    labelled_at: datetime
    values: Array
    known: tuple[Bar, ...]
    after: Bar
    outcome: Label
    outcome_open: Label


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
            yield _day(archive, instrument, series, i)


def _day(archive: Archive, instrument: Instrument, series: Series, i: int) -> PastDay | str:
    last, after = series.bars[i], series.bars[i + 1]
    known = series.bars[max(0, i + 1 - WINDOW - _SPARE) : i + 1]
    if len(known) < RIVALS_NEED:
        return f"{RIVALS_NEED} bars are needed before a forecast"
    as_of = max(last.closed_at, session_close(instrument, last.session))
    features = features_of(
        inputs_at(archive, instrument, replace(series, bars=known), as_of), STEPS
    )
    atr = next(f.value for f in features if f.name == "atr14")
    if not isinstance(atr, float) or atr <= 0:
        return "no ATR was known"
    return PastDay(
        instrument=instrument,
        as_of=as_of,
        labelled_at=after.closed_at,
        values=predictors(features),
        known=known[-_KEPT:],
        after=after,
        outcome=close_to_close(last, after, atr),
        outcome_open=open_to_close(after, atr),
    )


def inputs_at(
    archive: Archive, instrument: Instrument, known: Series, as_of: datetime
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
        vix=_vix(archive, as_of),
        events=_events(archive, as_of),
    )


def _vix(archive: Archive, as_of: datetime) -> Series | None:
    series = archive.series.get(VIX)
    if series is None:
        return None
    end = bisect_right(series.bars, as_of, key=lambda bar: bar.closed_at)
    return replace(series, bars=series.bars[max(0, end - WINDOW) : end])


def _events(archive: Archive, as_of: datetime) -> tuple[CalendarEvent, ...] | None:
    """Return None outside of the file's span: no row does not mean no event."""
    events = archive.events
    if not events or not events[0].at <= as_of <= events[-1].at:
        return None
    return known_events(events, as_of)
