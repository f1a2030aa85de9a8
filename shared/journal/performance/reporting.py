"""The use case: read days, closed trips and what was said of them; compute; put together."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from shared.domain.annotation import Annotation
from shared.domain.execution import AssetClass
from shared.domain.ids import AccountKey, UserId
from shared.domain.journal.performance import DayFigures
from shared.domain.journal.trading_day import trading_day
from shared.domain.money import no_digit_lost
from shared.domain.performance.conversion import Converted, converted, currencies_of
from shared.domain.performance.curve import curve_of, net_by_day
from shared.domain.performance.groups import grouped
from shared.domain.performance.prop_rules import PropRules, rule_states
from shared.domain.performance.results import Result, planned_risk
from shared.domain.performance.statistics import statistics
from shared.domain.time import to_micros
from shared.journal.annotations.attaching import of_trips
from shared.journal.annotations.store import said_between
from shared.journal.performance.prices import Prices
from shared.journal.performance.report import (
    AccountRules,
    Asked,
    CurrencyReport,
    GroupedBy,
    PerformanceReport,
    Unrealized,
)
from shared.journal.performance.rules import PropRulesStore
from shared.journal.projection.documents import read_day
from shared.journal.queries import (
    ClosedTrip,
    HeldPosition,
    JournalQueries,
    of_account,
    read_closed_trip,
)
from shared.ports import Clock, Documents, Query
from shared.scanning import every

_SLACK = timedelta(days=4)  # from an instant to the trading day that it may belong to
_NOTHING = Annotation()


@dataclass(frozen=True, slots=True)
class _LeftOut:
    unknown: int
    excluded: int


@dataclass(frozen=True, slots=True)
class Performances:
    """The use case."""

    documents: Documents
    clock: Clock
    queries: JournalQueries
    rules: PropRulesStore
    prices: Prices

    async def report(self, user_id: UserId, asked: Asked) -> PerformanceReport:
        """Compute every figure of what is asked for.

        Raises: StoreUnavailable.
        """
        figures = await self._figures(user_id, asked)
        results, out = await self._results(user_id, asked)
        held = await self.queries.positions(user_id, asked.account_key)
        by_currency = _by_currency(results)
        nets = net_by_day(figures)
        return PerformanceReport(
            asked=asked,
            summary=await self.queries.summary(
                user_id, asked.account_key, since=asked.since, until=asked.until
            ),
            currencies=tuple(
                CurrencyReport(
                    currency=currency,
                    figures=statistics(by_currency[currency]),
                    curve=curve_of(currency, nets.get(currency, {})),
                )
                for currency in sorted(nets.keys() | by_currency.keys())
            ),
            groups=tuple(
                GroupedBy(by=by, groups=grouped(results, by, asked.zone_info)) for by in asked.by
            ),
            unrealized=tuple([await self._unrealized(position) for position in held]),
            rules=await self._rules(user_id, asked.account_key),
            net=await self._converted(nets, asked),
            left_out=out.unknown,
            excluded=out.excluded,
        )

    async def _figures(self, user_id: UserId, asked: Asked) -> list[DayFigures]:
        query = Query(
            "daily",
            (user_id,),
            of_account(asked.account_key),
            order_by="day",
            at_least=None if asked.since is None else asked.since.isoformat(),
            below=None if asked.until is None else asked.until.isoformat(),
        )
        return [
            part async for found in every(self.documents, query) for part in read_day(found.body)
        ]

    async def _results(self, user_id: UserId, asked: Asked) -> tuple[list[Result], _LeftOut]:
        """Give the closed trips of the span that count, and how many do not."""
        brokers = {one.account_key: one.broker for one in await self.queries.accounts(user_id)}
        trips: defaultdict[AccountKey, list[ClosedTrip]] = defaultdict(list)
        async for trip in self._trips(user_id, asked):
            if asked.holds(_day(trip)):
                trips[trip.account_key].append(trip)
        results: list[Result] = []
        for account_key, closed in sorted(trips.items()):
            said = await self._said(user_id, account_key, closed)
            results += [
                _result(trip, brokers.get(account_key, ""), notes)
                for trip, notes in zip(closed, said, strict=True)
                if trip.result is not None
            ]
        excluded = sum(trip.excluded for closed in trips.values() for trip in closed)
        out = sum(map(len, trips.values())) - len(results)
        return results, _LeftOut(unknown=out - excluded, excluded=excluded)

    async def _trips(self, user_id: UserId, asked: Asked) -> AsyncIterator[ClosedTrip]:
        query = Query(
            "round_trips",
            (user_id,),
            of_account(asked.account_key),
            order_by="closed_us",
            at_least=0 if asked.since is None else _micros(asked.since, -_SLACK),
            below=None if asked.until is None else _micros(asked.until, _SLACK),
        )
        async for found in every(self.documents, query):
            yield read_closed_trip(found)

    async def _said(
        self, user_id: UserId, account_key: AccountKey, trips: Sequence[ClosedTrip]
    ) -> list[list[Annotation]]:
        since = min(trip.opened_at for trip in trips)
        until = max(trip.closed_at or trip.opened_at for trip in trips)
        found = await said_between(self.documents, user_id, account_key, since, until)
        return of_trips(trips, found)

    async def _unrealized(self, position: HeldPosition) -> Unrealized:
        mark = await self.prices.mark(position)
        profit = None if mark is None else position.unrealized(mark.price)
        return Unrealized(
            account_key=position.account_key,
            symbol=position.symbol,
            currency=position.currency,
            quantity=position.quantity,
            price=None if mark is None else mark.price,
            as_of=None if mark is None else mark.as_of,
            source=None if mark is None else mark.source,
            profit=profit,
        )

    async def _rules(
        self, user_id: UserId, account_key: AccountKey | None
    ) -> tuple[AccountRules, ...]:
        """Tell how the rules of accounts stand: since they began, whatever span is asked for."""
        found = await self.rules.all(user_id)
        return tuple(
            [
                await self._standing(user_id, key, rules)
                for key, rules in sorted(found.items())
                if account_key in (None, key)
            ]
        )

    async def _standing(
        self, user_id: UserId, account_key: AccountKey, rules: PropRules
    ) -> AccountRules:
        whole = Asked(account_key=account_key, since=rules.begins_on)
        nets = net_by_day(await self._figures(user_id, whole))
        results, _ = await self._results(user_id, whole)
        held = await self.queries.positions(user_id, account_key)
        open_now = [await self._unrealized(position) for position in held]
        profits = [one.profit for one in open_now if one.currency == rules.currency]
        known = [profit for profit in profits if profit is not None]
        with no_digit_lost():
            total = sum(known, Decimal(0))
        unrealized = total if len(known) == len(profits) else None
        states = rule_states(
            rules,
            nets.get(rules.currency, {}),
            results,
            today=trading_day(
                AssetClass.FUTURE, self.clock.now()
            ),  # a firm's day turns like Globex
            unrealized=unrealized or Decimal(0),
        )
        return AccountRules(
            account_key=account_key, rules=rules, unrealized=unrealized, states=states
        )

    async def _converted(
        self, nets: Mapping[str, Mapping[date, Decimal]], asked: Asked
    ) -> Converted | None:
        if asked.into is None:
            return None
        days = [day for several in nets.values() for day in several]
        since, until = min(days, default=date.min), max(days, default=date.min)
        quotes = await self.prices.quotes(currencies_of(nets, asked.into), since, until)
        return converted(nets, asked.into, quotes)


def _micros(day: date, shift: timedelta) -> int:
    # whole numbers: the first and the last day that there is have no days around them
    return to_micros(datetime.combine(day, time(), UTC)) + shift // timedelta(microseconds=1)


def _day(trip: ClosedTrip) -> date:
    return trading_day(trip.asset_class, trip.closed_at or trip.opened_at)


def _by_currency(results: Iterable[Result]) -> defaultdict[str, list[Result]]:
    found: defaultdict[str, list[Result]] = defaultdict(list)
    for one in results:
        found[one.currency].append(one)
    return found


def _result(trip: ClosedTrip, broker: str, notes: Sequence[Annotation]) -> Result:
    """Join a trip with what was said of it; where several were said, the newest plan holds."""
    plan = next((one.plan for one in reversed(notes) if one.plan != _NOTHING.plan), _NOTHING.plan)
    risk = planned_risk(
        risk=plan.risk,
        stop=plan.stop,
        entry=trip.entry_price,
        quantity=trip.quantity,
        multiplier=trip.multiplier,
    )
    net = trip.result or Decimal(0)
    with no_digit_lost():
        gross = net + trip.fees
    return Result(
        key=trip.key,
        account_key=trip.account_key,
        broker=broker,
        root=trip.root,
        currency=trip.currency,
        direction=trip.direction,
        opened_at=trip.opened_at,
        closed_at=trip.closed_at or trip.opened_at,
        on=_day(trip),
        gross=gross,
        fees=trip.fees,
        net=net,
        risk=risk,
        tags=tuple(sorted({tag for one in notes for tag in one.tags})),
    )
