"""Snapshots of past moments out of a folder of bars and events, chosen the same way every time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, zip_longest
from pathlib import Path

from shared.analyst.evaluation.trials import Case, case_of
from shared.bias.moments import Occasion, current_occasion
from shared.bias.snapshot import take_snapshot
from shared.domain.bias import Unavailable
from shared.domain.errors import NotFound
from shared.domain.ids import content_hash
from shared.domain.market.bars import Timeframe
from shared.domain.market.instrument import Instrument
from shared.forecast.probabilities import forecast
from shared.market.providers.csv_calendar import CsvCalendar
from shared.market.providers.csv_files import CsvFiles
from shared.market.registry import LEADERS, VIX
from shared.market.sessions import session_close
from shared.market.store import MarketStore

# An empty store of one's own, for one moment.
OpenStore = Callable[[], AbstractAsyncContextManager[MarketStore]]

_SESSIONS = 250  # the newest ones of an instrument are chosen from
_HISTORY = timedelta(days=3 * 366)
_HOURS = timedelta(days=62)
_AFTER_CLOSE = timedelta(minutes=5)
_FIRST = datetime(2000, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FrozenMarket:
    """A folder in the layout daily/SYMBOL.csv, intraday/SYMBOL_1h.csv.gz, calendar/*.csv."""

    folder: Path
    instruments: Mapping[str, Instrument]
    open_store: OpenStore

    async def cases(self, wanted: int) -> list[Case]:
        """Freeze this many moments, spread over instruments and the newest year of each.

        Idempotent: the same folder and number give the same snapshots and hashes.
        Raises: NotFound when the folder gives none, ContractBroken for a file of another shape.
        """
        cases: list[Case] = []
        for instrument, close in await self._moments():
            if len(cases) == wanted:
                break
            case = await self._freeze(instrument, close + _AFTER_CLOSE)
            if case is not None:
                cases.append(case)
        if not cases:
            raise NotFound(f"no snapshot can be made of {self.folder}")
        return cases

    async def _moments(self) -> Iterator[tuple[Instrument, datetime]]:
        """List each instrument's closes in an order of their own, one instrument after the other.

        The order follows from the names alone, so that another day or market changes no other.
        """
        rows = []
        for instrument in self.instruments.values():
            sessions = await self._sessions(instrument)
            ordered = sorted(sessions, key=lambda s: content_hash([instrument.symbol, str(s)]))
            rows.append([(instrument, session_close(instrument, s)) for s in ordered])
        rows.sort(key=lambda row: content_hash(row[0][0].symbol) if row else "")
        return (one for one in chain.from_iterable(zip_longest(*rows)) if one is not None)

    async def _sessions(self, instrument: Instrument) -> list[date]:
        for source in instrument.sources:
            try:
                found = await CsvFiles(self.folder).fetch(
                    source.series, Timeframe.DAY, _FIRST, _LAST
                )
            except NotFound:
                continue
            return [bar.session for bar in found.bars[-_SESSIONS:]]
        return []

    async def _freeze(self, instrument: Instrument, as_of: datetime) -> Case | None:
        """Take the snapshot of a moment from what had closed and was known by then."""
        occasion = current_occasion(instrument, as_of)
        calendar = CsvCalendar(self.folder)
        async with self.open_store() as store:
            await self._fill(store, occasion, as_of)
            await store.put_calendar(await calendar.fetch(as_of))
            snapshot = await take_snapshot(store, occasion, as_of, calendar_source=calendar.source)
        if isinstance(snapshot, Unavailable):
            return None
        try:
            return await case_of(snapshot, forecast(instrument, snapshot.features, as_of))
        except NotFound:  # older than the first table of coefficients
            return None

    async def _fill(self, store: MarketStore, occasion: Occasion, as_of: datetime) -> None:
        files = CsvFiles(self.folder)
        own = [source.series for source in occasion.instrument.sources]
        for symbol, timeframe in _wanted(own):
            since = as_of - (_HISTORY if timeframe is Timeframe.DAY else _HOURS)
            try:
                await store.put_series(await files.fetch(symbol, timeframe, since, as_of))
            except NotFound:
                continue


def _wanted(own: Iterable[str]) -> Iterator[tuple[str, Timeframe]]:
    for symbol in own:
        yield from ((symbol, timeframe) for timeframe in Timeframe)
    yield from ((symbol, Timeframe.DAY) for symbol in (*LEADERS, VIX))
