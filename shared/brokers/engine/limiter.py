"""Keeping within a broker's rate limits: points in sliding windows."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.brokers.spec import RateLimit
from shared.domain.errors import BudgetSpent
from shared.ports import Clock


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
