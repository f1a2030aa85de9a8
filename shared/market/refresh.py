"""Bring bars, calendar and news up to now; one source that fails costs only what it serves."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

from shared.domain.errors import PermanentError, RetryableError, StoreUnavailable
from shared.market.arrivals import Arrivals
from shared.market.bringing import BringSeries, Round
from shared.market.budget import MOST_BYTES, ByteBudget
from shared.market.news import NewsProvider, NewsStore
from shared.market.providers import BarsProvider, CalendarProvider
from shared.market.registry import load_series
from shared.market.report import RefreshReport
from shared.market.store import MarketStore
from shared.ports import Clock

_log = logging.getLogger(__name__)

_CALENDAR_OLD = timedelta(hours=24)


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
        self._series = BringSeries(store, bars)
        self._calendar = calendar

    async def refresh(self) -> RefreshReport:
        """Bring every series and the calendar up to now.

        Idempotent: bars and bodies that are already there write nothing; the report replaces the
        one of before.
        """
        now = self._clock.now()
        before = await self._store.report() or {}
        cut = {tuple(series) for series in before.get("cut", ())}
        turn = Round(now, RefreshReport(now), ByteBudget(self._most_bytes), cut)
        report = turn.report
        arrivals = await self._ready(report)
        for market in load_series().values():
            for timeframe in market.timeframes:
                await self._series.bring(market, timeframe, turn)
        report.name_missing()
        await self._refresh_calendar(turn)
        await self._refresh_news(turn)
        if arrivals is not None:
            await _take_in(arrivals, report)
        report.billed = turn.budget.spent
        await self._store.put_report(asdict(report))
        level = logging.WARNING if report.failures or report.rejected else logging.INFO
        _log.log(level, "market.refreshed", extra=report.for_log())
        return report

    async def _refresh_calendar(self, turn: Round) -> None:
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

    async def _refresh_news(self, turn: Round) -> None:
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

    async def _ready(self, report: RefreshReport) -> Arrivals | None:
        """Give who takes in what will come; None where nobody does, or nobody can now."""
        if self._arrivals is None:
            return None
        try:
            await self._arrivals.make_ready()
        except (RetryableError, PermanentError) as error:
            report.failures.append(f"retrieval: {error}")
            return None
        return self._arrivals


async def _take_in(arrivals: Arrivals, report: RefreshReport) -> None:
    """Hand on what came; who cannot take it in now finds it in the store the next time."""
    try:
        taken = await arrivals.take_in()
    except (RetryableError, PermanentError) as error:
        report.failures.append(f"retrieval: {error}")
        return
    report.indexed = taken.added
    report.waiting = list(taken.waiting)
