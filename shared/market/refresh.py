"""Bring bars and the calendar up to now; one source that fails costs only what it serves."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.bars import Series, Timeframe
from shared.domain.errors import ContractBroken, NotFound, RetryableError
from shared.market.providers import BarsProvider, CalendarProvider
from shared.market.registry import load_instruments, load_series
from shared.market.store import MarketStore
from shared.ports import Clock

_log = logging.getLogger(__name__)

_HISTORY = {
    Timeframe.DAY: timedelta(days=3 * 366),
    Timeframe.HOUR: timedelta(days=62),
    Timeframe.FOUR_HOURS: timedelta(days=62),
}
_OVERLAP = timedelta(days=7)  # late corrections of a provider; merging makes it free


@dataclass(slots=True)
class RefreshReport:
    """What a refresh brought, and what it could not bring.

    Shape: `served` = (symbol, timeframe) pairs that a provider has; `missing` = instruments of
    which no source has daily bars anywhere; `rejected` and `failures` say in words what was left
    out and why.
    """

    bars: int = 0
    events: int = 0
    served: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class RefreshMarket:
    """Fetch from the providers in their order and merge into the store."""

    def __init__(
        self,
        store: MarketStore,
        clock: Clock,
        bars: Sequence[BarsProvider],
        calendar: CalendarProvider | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._bars = bars
        self._calendar = calendar

    async def refresh(self) -> RefreshReport:
        """Bring every series and the calendar up to now.

        Idempotent: bars and bodies that are already there write nothing.
        """
        report, now = RefreshReport(), self._clock.now()
        for symbol in load_series():
            for timeframe in Timeframe:
                await self._refresh_series(symbol, timeframe, now, report)
        report.missing = _unserved(report)
        await self._refresh_calendar(now, report)
        level = logging.WARNING if report.failures or report.rejected else logging.INFO
        _log.log(
            level,
            "market.refreshed",
            extra={
                "bars": report.bars,
                "events": report.events,
                "failures": report.failures,
                "rejected": report.rejected,
            },
        )
        return report

    async def _refresh_series(
        self, symbol: str, timeframe: Timeframe, now: datetime, report: RefreshReport
    ) -> None:
        fetched = await self._fetch(symbol, timeframe, now, report)
        if fetched is None:
            return
        report.bars += await self._store.put_series(fetched)
        report.served.append((symbol, str(timeframe)))
        report.rejected += fetched.rejected

    async def _fetch(
        self, symbol: str, timeframe: Timeframe, now: datetime, report: RefreshReport
    ) -> Series | None:
        since = await self._since(symbol, timeframe, now)
        for provider in self._bars:
            try:
                return await provider.fetch(symbol, timeframe, since, now)
            except NotFound:
                continue
            except (RetryableError, ContractBroken) as error:
                report.failures.append(f"{symbol} {timeframe}: {error}")
        return None

    async def _since(self, symbol: str, timeframe: Timeframe, now: datetime) -> datetime:
        stored = await self._store.series(symbol, timeframe, now)
        oldest = now - _HISTORY[timeframe]
        return max(oldest, stored.bars[-1].opened_at - _OVERLAP) if stored else oldest

    async def _refresh_calendar(self, now: datetime, report: RefreshReport) -> None:
        if self._calendar is None:
            return
        try:
            body = await self._calendar.fetch(now)
        except (RetryableError, ContractBroken) as error:
            report.failures.append(f"calendar {self._calendar.source}: {error}")
            return
        await self._store.put_calendar(body)
        report.events = len(body.events)


def _unserved(report: RefreshReport) -> list[str]:
    """Name the instruments that not even a stand-in has daily bars for."""
    daily = {symbol for symbol, timeframe in report.served if timeframe == Timeframe.DAY}
    return [
        instrument.symbol
        for instrument in load_instruments().values()
        if daily.isdisjoint(source.series for source in instrument.sources)
    ]
