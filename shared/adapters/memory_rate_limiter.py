"""Rate limits kept in this process: the embedded default, which knows of no other process."""

from collections import deque
from collections.abc import Mapping

from shared.domain.errors import BudgetSpent
from shared.ports import Clock, Rate


class MemoryRateLimiter:
    """Hands out turns in the order in which they were asked for.

    Shape: two processes over one SQLite file each have the whole of a limit; who runs several
    gives each its share of it.
    """

    def __init__(self, clock: Clock, rates: Mapping[str, Rate]) -> None:
        self._clock = clock
        self._rates = rates
        self._turns = {name: deque[float](maxlen=rate.calls) for name, rate in rates.items()}

    async def acquire(self, name: str, cost: int, deadline: float) -> None:
        """Wait for the turn of `cost` calls; one that was given up while waiting stays spent.

        Raises: BudgetSpent, ValueError.
        """
        rate = checked(self._rates, name, cost)
        now, turns = self._clock.monotonic(), self._turns[name]
        at = max(now, turns[-1]) if turns else now
        before = len(turns) - (rate.calls - cost + 1)  # from whose end on the cost fits
        if before >= 0:
            at = max(at, turns[before] + rate.window_s)
        if at > deadline:
            raise BudgetSpent(f"{name}: the next turn comes in {at - now:.1f} s, which is too late")
        turns.extend([at] * cost)
        if at > now:
            await self._clock.sleep(at - now)


def checked(rates: Mapping[str, Rate], name: str, cost: int) -> Rate:
    """Find a limit that the cost can ever fit into.

    Raises: ValueError.
    """
    rate = rates.get(name)
    if rate is None or not 0 < cost <= rate.calls:
        raise ValueError(f"{cost} calls can never fit into the limit {name!r}: {rate}")
    return rate
