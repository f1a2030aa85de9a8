"""How well a broker was synchronized on a day: success, freshness, completeness, with their counts.

Definitions: docs/reference/service-levels.md. No rate comes without the counts that it is made of,
and a rate of nothing is None, not 100 %.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

from pydantic import BaseModel, ConfigDict, computed_field

from shared.domain.sync.schedule import QUARTER
from shared.domain.time import Instant, from_micros

_QUARTER_US = QUARTER // timedelta(microseconds=1)
_A_DAY = timedelta(days=1) // QUARTER
# A day is over everywhere on Earth at 12:00 UTC of the next one; an hour later it had its sync.
_DAY_DUE_AFTER = timedelta(days=1, hours=13)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Share(_Answer):
    """So many of so many."""

    part: int
    of: int

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way to serialize a property
    @property
    def rate(self) -> float | None:
        """The share as a fraction; None of nothing."""
        return self.part / self.of if self.of else None


class Completeness(_Answer):
    """Days of accounts: complete of due; the others are gaps, or nobody knows."""

    days: Share
    gap: int
    unknown: int


class Freshness(_Answer):
    """Age of the newest complete instant of each account, at one moment.

    Shape: `accounts` have such an instant; `never` have none yet, or are logins that have never
    listed their accounts; `resting` wait for their user (paused, login expired, gone from the
    broker's list) and are in none of the ages.
    Units: whole seconds.
    """

    at: Instant
    accounts: int
    never: int
    resting: int
    median_s: int | None
    p95_s: int | None
    worst_s: int | None


class RunCounts(_Answer):
    """What the runs did that began on the day; `unbalanced` ones have counts that do not add up."""

    closed: int = 0
    given_up: int = 0
    unbalanced: int = 0
    pages: int = 0
    rows: int = 0
    new: int = 0
    revised: int = 0
    unread: int = 0
    requests: int = 0

    def __add__(self, other: "RunCounts") -> "RunCounts":
        return RunCounts(
            **{n: getattr(self, n) + getattr(other, n) for n in RunCounts.model_fields}
        )


class ServiceLevel(_Answer):
    """One broker on one day.

    Shape: `success` counts quarter-hours of accounts; `freshness` is as the day's last sweep found
    it, None of a day without one. `as_of` is when a sweep last changed any figure.
    """

    broker: str
    day: date
    as_of: Instant
    success: Share
    completeness: Completeness
    freshness: Freshness | None
    runs: RunCounts


@dataclass(frozen=True, slots=True)
class DayTally:
    """One account's day; quarter-hours as bits, so that taking one twice changes nothing."""

    due: int = 0
    served: int = 0
    runs: RunCounts = field(default_factory=RunCounts)

    @property
    def success(self) -> Share:
        """Quarter-hours that were due and got a run that came to its end."""
        return Share(part=(self.due & self.served).bit_count(), of=self.due.bit_count())

    def joined(self, other: "DayTally") -> "DayTally":
        """Take both; the order does not matter."""
        return DayTally(self.due | other.due, self.served | other.served, self.runs + other.runs)


def quarter_of(micros: int) -> tuple[date, int]:
    """Find the UTC day and the bit of the quarter-hour in which an instant lies."""
    number = micros // _QUARTER_US
    return from_micros(micros).date(), 1 << (number % _A_DAY)


def quarters_between(since_us: int, until_us: int) -> Iterator[int]:
    """List the beginnings of the quarter-hours that lie wholly in [since, until]."""
    first, end = -(-since_us // _QUARTER_US), until_us // _QUARTER_US
    return (number * _QUARTER_US for number in range(first, end))


def is_day_due(day: date, now: datetime) -> bool:
    """Tell whether a day has been over for long enough that it should be complete."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + _DAY_DUE_AFTER <= now


def tally_of_run(run: Mapping[str, Any]) -> DayTally:
    """Count one run that has closed or was given up."""
    closed = run["state"] == "closed"
    _, bit = quarter_of(run["started_us"])
    counts = RunCounts(
        closed=int(closed),
        given_up=int(not closed),
        unbalanced=int(bool(imbalance(run))),
        **{name: run[name] for name in ("pages", "rows", "new", "revised", "unread", "requests")},
    )
    return DayTally(served=bit if closed else 0, runs=counts)


def imbalance(run: Mapping[str, Any]) -> str:
    """Say where the counts of a closed run do not add up, or "": what came in was accounted for.

    Shape: a run that has not closed has no receipts to hold against, so nothing is said of it.
    """
    if run["state"] != "closed":
        return ""
    stored = sum(run[name] for name in ("new", "same", "revised", "superseded"))
    faults = []
    if stored != run["rows"]:
        faults.append(f"{run['rows']} rows were fetched, {stored} are accounted for")
    if run["quarantined"] != run["unread"]:
        faults.append(f"{run['unread']} could not be read, {run['quarantined']} are in quarantine")
    return "; ".join(faults)


def freshness(at: datetime, ages: Sequence[timedelta], *, never: int, resting: int) -> Freshness:
    """Summarize ages; percentiles are ages that occurred (nearest rank)."""
    ordered = sorted(int(age.total_seconds()) for age in ages)

    def ranked(percent: int) -> int | None:
        return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None

    return Freshness(
        at=at,
        accounts=len(ordered),
        never=never,
        resting=resting,
        median_s=ranked(50),
        p95_s=ranked(95),
        worst_s=ranked(100),
    )
