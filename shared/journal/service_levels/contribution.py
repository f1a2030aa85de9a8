"""What one account contributes to the service levels of its broker's days: a pure fold over runs.

Idempotent by run number: a run counts once, when it has closed or was given up, in whatever order
and however often runs are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from shared.domain.sync.schedule import Schedule
from shared.domain.sync.service_level import (
    DayTally,
    RunCounts,
    quarter_of,
    quarters_between,
    tally_of_run,
)
from shared.domain.time import from_micros
from shared.ports import Body

KEPT = timedelta(days=35)
_REACH = 20  # run numbers behind the newest that may still come to their end
_SETTLED = ("closed", "abandoned")


@dataclass(frozen=True, slots=True)
class Contribution:
    """One account's days.

    Shape: every run up to `through` is counted, except those in `waiting`. `judged_us` is until
    when it was decided which quarter-hours were due. `complete_us` is the end of the newest window
    of which every page has its receipt.
    """

    through: int = 0
    waiting: frozenset[int] = frozenset()
    judged_us: int | None = None
    complete_us: int | None = None
    days: Mapping[date, DayTally] = field(default_factory=dict)

    def with_run(self, run: Mapping[str, Any]) -> "Contribution":
        """Take what a run record says; one that is under way, or known, changes no figure."""
        number: int = run["run"]
        if number <= self.through and number not in self.waiting:
            return self
        through = max(self.through, number)
        between = range(max(self.through + 1, through - _REACH), through + 1)
        waiting = {n for n in (*self.waiting, *between) if n >= through - _REACH}
        if run["state"] not in _SETTLED:
            return replace(self, through=through, waiting=frozenset(waiting))
        complete_us = self.complete_us
        if run["state"] == "closed":
            complete_us = max(complete_us or run["window_to_us"], run["window_to_us"])
        day, _ = quarter_of(run["started_us"])
        return replace(
            self._with(day, tally_of_run(run)),
            through=through,
            waiting=frozenset(waiting - {number}),
            complete_us=complete_us,
        )

    def judged(
        self, since_us: int, until_us: int, *, due_until_us: int, schedule: Schedule
    ) -> "Contribution":
        """Decide which quarter-hours were due, from where that was left; `since_us` at the first.

        Shape: from `due_until_us` on nothing is due, because the account waits for its user; nor is
        anything while its broker's markets are closed.
        """
        begin = since_us if self.judged_us is None else max(self.judged_us, since_us)
        if until_us <= begin:
            return self
        judged = self
        for at_us in quarters_between(begin, min(until_us, due_until_us)):
            if schedule.is_due_each_quarter(from_micros(at_us)):
                day, bit = quarter_of(at_us)
                judged = judged._with(day, DayTally(due=bit))
        # a quarter-hour that has only begun is decided next time
        whole = until_us - until_us % (15 * 60 * 1_000_000)
        return replace(judged, judged_us=max(begin, whole))

    def since(self, first: date) -> "Contribution":
        """Forget the days before."""
        return replace(self, days={day: t for day, t in self.days.items() if day >= first})

    def _with(self, day: date, tally: DayTally) -> "Contribution":
        before = self.days.get(day, DayTally())
        return replace(self, days={**self.days, day: before.joined(tally)})


def first_day(now_us: int) -> date:
    """Find the oldest day that is still recomputed."""
    return (from_micros(now_us) - KEPT).date()


def write_contribution(broker: str, one: Contribution) -> Body:
    """Render for the document; bits are hexadecimal text, since stores count to 64."""
    return {
        "broker": broker,
        "through": one.through,
        "waiting": sorted(one.waiting),
        "judged_us": one.judged_us,
        "complete_us": one.complete_us,
        "days": {
            day.isoformat(): {
                "due": f"{tally.due:x}",
                "served": f"{tally.served:x}",
                "runs": tally.runs.model_dump(),
            }
            for day, tally in sorted(one.days.items())
        },
    }


def read_contribution(body: Body) -> Contribution:
    """Read back what `write_contribution` rendered."""
    return Contribution(
        through=body["through"],
        waiting=frozenset(body["waiting"]),
        judged_us=body["judged_us"],
        complete_us=body["complete_us"],
        days={
            date.fromisoformat(day): DayTally(
                int(told["due"], 16), int(told["served"], 16), RunCounts(**told["runs"])
            )
            for day, told in body["days"].items()
        },
    )
