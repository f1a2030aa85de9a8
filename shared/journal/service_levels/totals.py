"""Sums over accounts: what each broker's days come to. Pure; the order of accounts is all one."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shared.domain.sync.service_level import (
    Completeness,
    Freshness,
    RunCounts,
    ServiceLevel,
    Share,
    freshness,
    is_day_due,
)
from shared.domain.time import to_micros
from shared.journal.coverage import DayCoverage, DayState
from shared.journal.service_levels.contribution import Contribution, first_day
from shared.ports import Body


@dataclass(frozen=True, slots=True)
class AccountLevel:
    """What one account brings to the sums; `resting_since` is None while it is synchronized."""

    broker: str
    contribution: Contribution
    covered: Mapping[date, DayCoverage]
    known_since: date
    complete_until: datetime | None
    resting_since: datetime | None


@dataclass(slots=True)
class _Day:
    due: int = 0
    served: int = 0
    runs: RunCounts = field(default_factory=RunCounts)
    coverage: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Broker:
    days: defaultdict[date, _Day] = field(default_factory=lambda: defaultdict(_Day))
    ages: list[timedelta] = field(default_factory=list)
    never: int = 0
    resting: int = 0


@dataclass(slots=True)
class Totals:
    """The sums of one sweep, which began at `now`."""

    now: datetime
    accounts: int = 0
    _brokers: defaultdict[str, _Broker] = field(default_factory=lambda: defaultdict(_Broker))

    @property
    def brokers(self) -> list[str]:
        """Brokers of which any account was added."""
        return sorted(self._brokers)

    def add(self, one: AccountLevel) -> None:
        """Add an account's days, and how fresh it is."""
        self.accounts += 1
        broker = self._brokers[one.broker]
        for day, tally in one.contribution.days.items():
            total, success = broker.days[day], tally.success
            total.due += success.of
            total.served += success.part
            total.runs += tally.runs
        for day, state in self._due_days(one):
            broker.days[day].coverage[state] += 1
        if one.resting_since is not None:
            broker.resting += 1
        elif one.complete_until is None:
            broker.never += 1
        else:
            broker.ages.append(max(timedelta(), self.now - one.complete_until))

    def add_unlisted(self, broker: str, *, resting: bool) -> None:
        """Add a login that has never listed its accounts: it is in no rate, but it is seen."""
        self._brokers[broker].resting += resting
        self._brokers[broker].never += not resting

    def days(self, broker: str) -> list[date]:
        """List the days of which there is anything to say; today always."""
        return sorted({*self._brokers[broker].days, self.now.date()})

    def body(self, broker: str, day: date, before: Body | None) -> Body:
        """Render a day's document; an earlier day keeps the freshness that it ended with."""
        sums = self._brokers[broker]
        total = sums.days.get(day, _Day())
        fresh: Freshness | None = None
        if day == self.now.date():
            fresh = freshness(self.now, sums.ages, never=sums.never, resting=sums.resting)
        elif before is not None and before["level"]["freshness"] is not None:
            fresh = Freshness.model_validate(before["level"]["freshness"])
        complete, gap, unknown = (total.coverage[s] for s in ("complete", "gap", "unknown"))
        level = ServiceLevel(
            broker=broker,
            day=day,
            as_of=self.now,
            success=Share(part=total.served, of=total.due),
            completeness=Completeness(
                days=Share(part=complete, of=complete + gap + unknown), gap=gap, unknown=unknown
            ),
            freshness=fresh,
            runs=total.runs,
        )
        return {
            "day": day.isoformat(),
            "swept_us": to_micros(self.now),
            "level": level.model_dump(mode="json", round_trip=True),
        }

    def _due_days(self, one: AccountLevel) -> Iterator[tuple[date, str]]:
        """Give each day that should be complete, with what is known of it."""
        floor = first_day(to_micros(self.now))
        day = max(floor, min([one.known_since, *one.covered]))
        while is_day_due(day, self.now):
            told = one.covered.get(day)
            if told is not None:
                yield day, ("complete" if told.state is DayState.COMPLETE else "gap")
            elif one.resting_since is None or day < one.resting_since.date():
                yield day, "unknown"
            day += timedelta(days=1)
