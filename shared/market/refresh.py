"""Bring bars, calendar and news up to now; one source that fails costs only what it serves."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.domain.bars import FILES, RESTATED, Bar, Series, Timeframe
from shared.domain.errors import (
    AuthRejected,
    NotFound,
    PermanentError,
    RetryableError,
    StoreUnavailable,
)
from shared.domain.instrument import PriceSeries
from shared.market.arrivals import Arrivals
from shared.market.budget import MOST_BYTES, ByteBudget
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
    Timeframe.FIVE_MINUTES: timedelta(days=10),  # five sessions and a long weekend
}
_OVERLAP = timedelta(days=7)  # late corrections of a provider; merging makes it free
_SHORT_OVERLAP = timedelta(days=1)
_GAPS_WITHIN = timedelta(days=30)
_CALENDAR_OLD = timedelta(hours=24)


class Served(NamedTuple):
    """A series that is kept up: by whom, and when its newest bar closed, None without any."""

    symbol: str
    timeframe: str
    provider: str
    newest_at: datetime | None


@dataclass(slots=True)
class RefreshReport:
    """What a refresh brought, and what it could not bring.

    Shape: `served` = every series that is kept up; `missing` = instruments of which no source has
    daily bars anywhere; `rejected` and `failures` say in words what was left out and why,
    `fallbacks` who had to stand in for whom, `postponed` which history a budget leaves to later
    rounds; `cut` = (symbol, timeframe, provider) of each of those. `indexed` = texts that retrieval
    finds from now on, `waiting` = what it takes in the next time.
    Units: `billed` = estimated bytes, by provider.
    """

    at: datetime
    bars: int = 0
    events: int = 0
    news: int = 0
    indexed: int = 0
    served: list[Served] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    cut: list[tuple[str, str, str]] = field(default_factory=list)
    billed: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Round:
    """One refresh; a provider that does not answer is left alone until the next one."""

    now: datetime
    report: RefreshReport
    budget: ByteBudget
    cut_before: set[tuple[str, ...]]
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
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._store = store
        self._most_bytes = most_bytes
        self._news = news
        self._arrivals = arrivals
        self._clock = clock
        self._bars = bars
        self._calendar = calendar

    async def refresh(self) -> RefreshReport:
        """Bring every series and the calendar up to now.

        Idempotent: bars and bodies that are already there write nothing; the report replaces the
        one of before.
        """
        now = self._clock.now()
        before = await self._store.report() or {}
        cut = {tuple(series) for series in before.get("cut", ())}
        turn = _Round(now, RefreshReport(now), ByteBudget(self._most_bytes), cut)
        for market in load_series().values():
            for timeframe in market.timeframes:
                await self._refresh_series(market, timeframe, turn)
        report = turn.report
        report.missing = _unserved(report)
        await self._refresh_calendar(turn)
        await self._refresh_news(turn)
        await self._take_in(report)
        report.billed = turn.budget.spent
        await self._store.put_report(asdict(report))
        level = logging.WARNING if report.failures or report.rejected else logging.INFO
        _log.log(
            level,
            "market.refreshed",
            extra={
                "bars": report.bars,
                "events": report.events,
                "news": report.news,
                "indexed": report.indexed,
                "billed": report.billed,
                "failures": report.failures,
                "fallbacks": report.fallbacks,
                "postponed": report.postponed,
                "rejected": report.rejected,
            },
        )
        return report

    async def _refresh_series(
        self, market: PriceSeries, timeframe: Timeframe, turn: _Round
    ) -> None:
        """Bring one series up to now from the first provider that serves it."""
        failed: list[str] = []
        for provider in self._in_order(market):
            if provider.name in turn.resting:
                failed.append(provider.name)
                continue
            try:
                newest_at = await self._bring(provider, market, timeframe, turn)
            except NotFound:
                continue
            except StoreUnavailable:
                raise  # ours; nobody's bars could be kept
            except (RetryableError, PermanentError) as error:
                failed.append(provider.name)
                turn.report.failures.append(f"{market.symbol} {timeframe}: {error}")
                if isinstance(error, RetryableError | AuthRejected):
                    turn.resting.add(provider.name)
                continue
            served = Served(market.symbol, str(timeframe), provider.name, newest_at)
            turn.report.served.append(served)
            if failed:
                text = f"{provider.name} in place of {', '.join(failed)}"
                turn.report.fallbacks.append(f"{market.symbol} {timeframe}: {text}")
            return

    def _in_order(self, market: PriceSeries) -> list[BarsProvider]:
        """Leave out who does not know the series; files come last."""
        order = [*market.providers, FILES]
        known = [provider for provider in self._bars if provider.name in order]
        return sorted(known, key=lambda provider: order.index(provider.name))

    async def _bring(
        self, provider: BarsProvider, market: PriceSeries, timeframe: Timeframe, turn: _Round
    ) -> datetime | None:
        """Bring one series up to now from one provider; return when its newest bar closed."""
        now, oldest = turn.now, turn.now - _HISTORY[timeframe]
        held = await self._store.held(market.symbol, timeframe, provider.name, now)
        if held is not None:
            await self._deepen(provider, market, held, turn)
            costs = provider.name != FILES
            if costs and not _is_due(market, timeframe, held.bars[-1], now - provider.lag):
                return held.bars[-1].closed_at
        since = max(oldest, _since(market, held, now)) if held else oldest
        fetched = await self._fetch(provider, (market.symbol, timeframe), since, turn)
        if held and since > oldest and _is_restated(held.bars, fetched.bars):
            fetched = await self._fetch(provider, (market.symbol, timeframe), oldest, turn)
        await self._keep(fetched, turn)
        newest = fetched.bars or (held.bars if held else ())
        return newest[-1].closed_at if newest else None

    async def _deepen(
        self, provider: BarsProvider, market: PriceSeries, held: Series, turn: _Round
    ) -> None:
        """Go on with a history that a budget has cut."""
        oldest, first = turn.now - _HISTORY[held.timeframe], held.bars[0].opened_at
        asked = (market.symbol, held.timeframe)
        if (*asked, provider.name) not in turn.cut_before or first <= oldest:
            return
        since = turn.budget.affordable(provider, asked, oldest, first)
        if since != oldest:
            _postpone(turn, provider, asked, (oldest, since, first))
        if since is not None:
            turn.budget.spend(provider, asked, since, first)
            await self._keep(await provider.fetch(*asked, since, first), turn)

    async def _fetch(
        self, provider: BarsProvider, asked: tuple[str, Timeframe], since: datetime, turn: _Round
    ) -> Series:
        """Fetch up to now, as far back as the budget allows."""
        now = turn.now
        affordable = turn.budget.affordable(provider, asked, since, now)
        if affordable != since:
            _postpone(turn, provider, asked, (since, affordable, now))
        if affordable is None:
            raise NotFound("the budget of this refresh is spent")
        turn.budget.spend(provider, asked, affordable, now)
        return await provider.fetch(*asked, affordable, now)

    async def _keep(self, fetched: Series, turn: _Round) -> None:
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


def _postpone(
    turn: _Round,
    provider: BarsProvider,
    asked: tuple[str, Timeframe],
    span: tuple[datetime, datetime | None, datetime],
) -> None:
    """Say what of a span the budget leaves to later rounds, and remember it for the next."""
    since, affordable, until = span
    needed, most = provider.bytes_of(*asked, since, until), turn.budget.most
    left = "all of it" if affordable is None else f"what is before {affordable:%Y-%m-%d}"
    turn.report.postponed.append(
        f"{asked[0]} {asked[1]}: {left}, at {provider.name}: {needed / 1e6:.0f} MB are more than "
        f"is left of the {most / 1e6:.0f} MB that one refresh may be billed for"
    )
    turn.report.cut.append((asked[0], str(asked[1]), provider.name))


def _is_due(market: PriceSeries, timeframe: Timeframe, newest: Bar, now: datetime) -> bool:
    """Tell whether another bar may have closed since; who is paid by the byte is not asked else.

    Raises: InvalidInput beyond the session table.
    """
    if timeframe in (Timeframe.DAY, Timeframe.FIVE_MINUTES):  # no feature reads an open session
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
    short = held.timeframe is Timeframe.FIVE_MINUTES
    overlap = _SHORT_OVERLAP if short else _OVERLAP
    return min(newest.opened_at - overlap, session_open(market, session))


def _is_restated(held: Sequence[Bar], fetched: Sequence[Bar]) -> bool:
    """Tell whether prices that were whole before are others now, as after a split."""
    old = {bar.opened_at: bar.close for bar in held[:-1]}
    pairs = ((old[bar.opened_at], bar.close) for bar in fetched if bar.opened_at in old)
    return any(before > 0 and abs(now / before - 1) > RESTATED for before, now in pairs)


def _unserved(report: RefreshReport) -> list[str]:
    """Name the instruments that not even a stand-in has daily bars for."""
    daily = {s.symbol for s in report.served if s.timeframe == Timeframe.DAY}
    return [
        instrument.symbol
        for instrument in load_instruments().values()
        if daily.isdisjoint(source.series for source in instrument.sources)
    ]
