"""Brings one series up to now: from whom, since when, and what a budget leaves to later rounds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain.errors import (
    AuthRejected,
    NotFound,
    PermanentError,
    RetryableError,
    StoreUnavailable,
)
from shared.domain.market.bars import FILES, Series, Timeframe
from shared.domain.market.instrument import PriceSeries
from shared.market.budget import ByteBudget
from shared.market.due import is_due, is_restated, since_when
from shared.market.providers import BarsProvider
from shared.market.report import RefreshReport, Served
from shared.market.store import MarketStore

_HISTORY = {
    Timeframe.DAY: timedelta(days=3 * 366),
    Timeframe.HOUR: timedelta(days=62),
    Timeframe.FOUR_HOURS: timedelta(days=62),
    Timeframe.FIVE_MINUTES: timedelta(days=10),  # five sessions and a long weekend
}


@dataclass(slots=True)
class Round:
    """One refresh; a provider that does not answer is left alone until the next one."""

    now: datetime
    report: RefreshReport
    budget: ByteBudget
    cut_before: set[tuple[str, ...]]
    resting: set[str] = field(default_factory=set)


class BringSeries:
    """Asks the providers of a series in its order, and merges what they give into the store."""

    def __init__(self, store: MarketStore, bars: Sequence[BarsProvider]) -> None:
        self._store = store
        self._bars = bars

    async def bring(self, market: PriceSeries, timeframe: Timeframe, turn: Round) -> None:
        """Bring one series up to now from the first provider that serves it.

        Raises: StoreUnavailable.
        """
        failed: list[str] = []
        for provider in self._in_order(market):
            if provider.name in turn.resting:
                failed.append(provider.name)
                continue
            try:
                newest_at = await self._from(provider, market, timeframe, turn)
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

    async def _from(
        self, provider: BarsProvider, market: PriceSeries, timeframe: Timeframe, turn: Round
    ) -> datetime | None:
        """Bring one series up to now from one provider; return when its newest bar closed."""
        now, oldest = turn.now, turn.now - _HISTORY[timeframe]
        held = await self._store.held(market.symbol, timeframe, provider.name, now)
        if held is not None:
            await self._deepen(provider, market, held, turn)
            costs = provider.name != FILES
            if costs and not is_due(market, timeframe, held.bars[-1], now - provider.lag):
                return held.bars[-1].closed_at
        since = max(oldest, since_when(market, held, now)) if held else oldest
        fetched = await self._fetch(provider, (market.symbol, timeframe), since, turn)
        if held and since > oldest and is_restated(held.bars, fetched.bars):
            fetched = await self._fetch(provider, (market.symbol, timeframe), oldest, turn)
        await self._keep(fetched, turn)
        newest = fetched.bars or (held.bars if held else ())
        return newest[-1].closed_at if newest else None

    async def _deepen(
        self, provider: BarsProvider, market: PriceSeries, held: Series, turn: Round
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
        self, provider: BarsProvider, asked: tuple[str, Timeframe], since: datetime, turn: Round
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

    async def _keep(self, fetched: Series, turn: Round) -> None:
        turn.report.bars += await self._store.put_series(fetched)
        turn.report.rejected += fetched.rejected


def _postpone(
    turn: Round,
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
