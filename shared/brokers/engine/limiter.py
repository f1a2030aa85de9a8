"""Keeping within a broker's rate limits: points in sliding windows."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.brokers.spec import RateLimit
from shared.domain.errors import BudgetSpent
from shared.domain.time import from_micros, to_micros
from shared.ports import Clock

_KEPT = 10  # stretches, as which a limit's spending is carried to the next message

# Limit -> "at_us" and "points": when what was spent, for a document.
Spending = Mapping[str, Mapping[str, Sequence[int]]]


@dataclass(slots=True)
class Limiter:
    """Waits until one more request stays within every limit.

    Units: `deadline` on the clock's monotonic scale; no wait goes past it.
    """

    title: str
    limits: Sequence[RateLimit]
    clock: Clock
    deadline: float
    sleep: Callable[[float], Awaitable[None]]
    _spent: list[deque[tuple[float, int]]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Begin with nothing spent."""
        self._spent = [deque() for _ in self.limits]

    async def take(self, cost: int, door: str = "") -> None:
        """Spend points at a door, after waiting for them.

        Raises: BudgetSpent when they are not free before the deadline.
        """
        held = [i for i, limit in enumerate(self.limits) if limit.door in (None, door)]
        free_at = max((self._free_at(i, cost) for i in held), default=0.0)
        wait_s = free_at - self.clock.monotonic()
        if wait_s > 0:
            if free_at > self.deadline:
                raise BudgetSpent(f"{self.title}'s rate limit outlasts the time budget")
            await self.sleep(wait_s)
        now = self.clock.monotonic()
        for i in held:
            self._spent[i].append((now, cost))

    def spending(self) -> Spending:
        """Tell what still counts, for a limiter that comes after this one.

        Shape: few stretches, each at its newest time: never less than was spent.
        """
        now, wall = self.clock.monotonic(), self.clock.now()
        told = {}
        for limit, spent in zip(self.limits, self._spent, strict=True):
            live = [one for one in spent if one[0] > now - limit.window.total_seconds()]
            size = -(-len(live) // _KEPT) or 1
            parts = [live[begin : begin + size] for begin in range(0, len(live), size)]
            ages = [timedelta(seconds=now - part[-1][0]) for part in parts]
            told[limit_name(limit)] = {
                "at_us": [to_micros(wall - age) for age in ages],
                "points": [sum(points for _, points in part) for part in parts],
            }
        return {name: one for name, one in told.items() if one["at_us"]}

    def go_on_from(self, spending: Spending) -> None:
        """Count what an earlier limiter of the same login has spent."""
        now, wall = self.clock.monotonic(), self.clock.now()
        for limit, spent in zip(self.limits, self._spent, strict=True):
            told = spending.get(limit_name(limit), {"at_us": (), "points": ()})
            for at_us, points in zip(told["at_us"], told["points"], strict=True):
                age_s = max(0.0, (wall - from_micros(at_us)).total_seconds())
                spent.append((now - age_s, points))

    def _free_at(self, place: int, cost: int) -> float:
        """Tell when `cost` more points fit into one limit."""
        limit, spent = self.limits[place], self._spent[place]
        window_s, now = limit.window.total_seconds(), self.clock.monotonic()
        while spent and spent[0][0] <= now - window_s:
            spent.popleft()
        over = sum(points for _, points in spent) + cost - limit.requests
        for at, points in spent:
            if over <= 0:
                break
            over, now = over - points, at + window_s
        return now


def limit_name(limit: RateLimit) -> str:
    """Name a limit by what it is, so that another limit counts anew."""
    return f"{limit.requests} in {limit.window.total_seconds():g} s at {limit.door}"
