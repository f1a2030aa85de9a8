"""Bring bars, calendar and news up to now; one source that fails costs only what it serves."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.bars import FILES, Bar, Series, Timeframe
from shared.domain.errors import (
    AuthRejected,
    NotFound,
    PermanentError,
    RetryableError,
    StoreUnavailable,
)
from shared.domain.instrument import PriceSeries
from shared.market.arrivals import Arrivals
from shared.market.news import NewsProvider, NewsStore
from shared.market.providers import BarsProvider, CalendarProvider
from shared.market.registry import load_instruments, load_series
from shared.market.sessions import (
    next_session,
    previous_session,
    session_close,
    session_for,
    session_open,
)
from shared.market.store import MarketStore
from shared.ports import Clock

_log = logging.getLogger(__name__)

_HISTORY = {
    Timeframe.DAY: timedelta(days=3 * 366),
    Timeframe.HOUR: timedelta(days=62),
    Timeframe.FOUR_HOURS: timedelta(days=62),
}
_OVERLAP = timedelta(days=7)  # late corrections of a provider; merging makes it free
_GAPS_WITHIN = timedelta(days=30)
_RESTATED = 0.05  # the smallest split moves more, no correction does
_CALENDAR_OLD = timedelta(hours=24)


@dataclass(slots=True)
class RefreshReport:
    """What a refresh brought, and what it could not bring.

    Shape: `served` = (symbol, timeframe, provider) of every series that is kept up; `missing` =
    instruments of which no source has daily bars anywhere; `rejected` and `failures` say in words
    what was left out and why; `indexed` = texts that retrieval finds from now on, `waiting` = what
    it takes in the next time.
    """

    bars: int = 0
    events: int = 0
    news: int = 0
    indexed: int = 0
    served: list[tuple[str, str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Round:
    """One refresh; a provider that does not answer is left alone until the next one."""

    now: datetime
    report: RefreshReport = field(default_factory=RefreshReport)
    resting: set[str] = field(default_factory=set)


class RefreshMarket:
    """Fetch from the providers in each series' order and merge into the store."""

    def __init__(  # noqa: PLR0913 - the ports, and who brings what
        self,
        store: MarketStore,
        clock: Clock,
        bars: Sequence[BarsProvider],
        calendar: CalendarProvider | None,
        *,
        news: tuple[NewsStore, NewsProvider] | None = None,
        arrivals: Arrivals | None = None,
    ) -> None:
        self._store = store
        self._news = news
        self._arrivals = arrivals
        self._clock = clock
        self._bars = bars
        self._calendar = calendar

    async def refresh(self) -> RefreshReport:
        """Bring every series and the calendar up to now.

        Idempotent: bars and bodies that are already there write nothing.
        """
        turn = _Round(self._clock.now())
        for market in load_series().values():
            for timeframe in Timeframe:
                await self._refresh_series(market, timeframe, turn)
        report = turn.report
        report.missing = _unserved(report)
        await self._refresh_calendar(turn)
        await self._refresh_news(turn)
        await self._take_in(report)
        level = logging.WARNING if report.failures or report.rejected else logging.INFO
        _log.log(
            level,
            "market.refreshed",
            extra={
                "bars": report.bars,
                "events": report.events,
                "news": report.news,
                "indexed": report.indexed,
                "failures": report.failures,
                "rejected": report.rejected,
            },
        )
        return report

    async def _refresh_series(
        self, market: PriceSeries, timeframe: Timeframe, turn: _Round
    ) -> None:
        """Bring one series up to now from the first provider that serves it."""
        for provider in self._in_order(market):
            if provider.name in turn.resting:
                continue
            try:
                await self._bring(provider, market, timeframe, turn)
            except NotFound:
                continue
            except StoreUnavailable:
                raise  # ours; nobody's bars could be kept
            except (RetryableError, PermanentError) as error:
                turn.report.failures.append(f"{market.symbol} {timeframe}: {error}")
                if isinstance(error, RetryableError | AuthRejected):
                    turn.resting.add(provider.name)
                continue
            turn.report.served.append((market.symbol, str(timeframe), provider.name))
            return

    def _in_order(self, market: PriceSeries) -> list[BarsProvider]:
        """Leave out who does not know the series; files come last."""
        order = [*market.providers, FILES]
        known = [provider for provider in self._bars if provider.name in order]
        return sorted(known, key=lambda provider: order.index(provider.name))

    async def _bring(
        self, provider: BarsProvider, market: PriceSeries, timeframe: Timeframe, turn: _Round
    ) -> None:
        now, oldest = turn.now, turn.now - _HISTORY[timeframe]
        held = await self._store.held(market.symbol, timeframe, provider.name, now)
        costs = provider.name != FILES
        if held and costs and not _is_due(market, timeframe, held.bars[-1], now - provider.lag):
            return
        since = max(oldest, _since(market, held, now)) if held else oldest
        fetched = await provider.fetch(market.symbol, timeframe, since, now)
        if held and since > oldest and _is_restated(held.bars, fetched.bars):
            fetched = await provider.fetch(market.symbol, timeframe, oldest, now)
        turn.report.bars += await self._store.put_series(fetched)
        turn.report.rejected += fetched.rejected

    async def _refresh_calendar(self, turn: _Round) -> None:
        calendar, report = self._calendar, turn.report
        if calendar is None:
            return
        known = await self._store.calendar(calendar.source, turn.now)
        if await self._store.may_ask(calendar.source, calendar.every):
            try:
                known = await calendar.fetch(turn.now, known)
            except (RetryableError, PermanentError) as error:
                report.failures.append(f"calendar {calendar.source}: {error}")
            else:
                await self._store.put_calendar(known)
                report.rejected += known.rejected
        report.events = len(known.events) if known else 0
        if known and turn.now - known.fetched_at > _CALENDAR_OLD:
            age_h = (turn.now - known.fetched_at) // timedelta(hours=1)
            report.failures.append(f"calendar {calendar.source}: the last one is {age_h} hours old")

    async def _refresh_news(self, turn: _Round) -> None:
        if self._news is None:
            return
        store, provider = self._news
        try:
            added, news = await store.bring(provider, turn.now)
        except StoreUnavailable:
            raise
        except (RetryableError, PermanentError) as error:
            turn.report.failures.append(f"news {provider.source}: {error}")
            return
        turn.report.news = added
        turn.report.rejected += news.rejected

    async def _take_in(self, report: RefreshReport) -> None:
        """Hand on what came; who cannot take it in now finds it in the store the next time."""
        if self._arrivals is None:
            return
        try:
            taken = await self._arrivals.take_in()
        except (RetryableError, PermanentError) as error:
            report.failures.append(f"retrieval: {error}")
            return
        report.indexed = taken.added
        report.waiting = list(taken.waiting)


def _is_due(market: PriceSeries, timeframe: Timeframe, newest: Bar, now: datetime) -> bool:
    """Tell whether another bar may have closed since; who is paid by the byte is not asked else.

    Raises: InvalidInput beyond the session table.
    """
    if timeframe is Timeframe.DAY:
        return newest.session < previous_session(market, session_for(market, now))
    opens = session_open(market, session_for(market, newest.closed_at))
    closes = session_close(market, session_for(market, newest.closed_at))
    start = max(newest.closed_at, opens).replace(minute=0, second=0, microsecond=0)
    return min(start + timedelta(hours=1), closes) <= now


def _since(market: PriceSeries, held: Series, now: datetime) -> datetime:
    """Begin a week before the newest bar, or at the first session of the last month without bars.

    Raises: InvalidInput beyond the session table.
    """
    newest = held.bars[-1]
    known = {bar.session for bar in held.bars if bar.opened_at >= now - _GAPS_WITHIN}
    session = min(known, default=newest.session)
    while session < newest.session and session in known:
        session = next_session(market, session)
    return min(newest.opened_at - _OVERLAP, session_open(market, session))


def _is_restated(held: Sequence[Bar], fetched: Sequence[Bar]) -> bool:
    """Tell whether prices that were whole before are others now, as after a split."""
    old = {bar.opened_at: bar.close for bar in held[:-1]}
    pairs = ((old[bar.opened_at], bar.close) for bar in fetched if bar.opened_at in old)
    return any(before > 0 and abs(now / before - 1) > _RESTATED for before, now in pairs)


def _unserved(report: RefreshReport) -> list[str]:
    """Name the instruments that not even a stand-in has daily bars for."""
    daily = {symbol for symbol, timeframe, _ in report.served if timeframe == Timeframe.DAY}
    return [
        instrument.symbol
        for instrument in load_instruments().values()
        if daily.isdisjoint(source.series for source in instrument.sources)
    ]
