"""Askers take turns at a limit: none waits while another has all of its questions answered."""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from itertools import chain

from shared.domain.errors import BudgetSpent
from shared.ports import Clock, RateLimiter


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    deadline: float
    called: asyncio.Future[None]


@dataclass(slots=True)
class Turns:
    """The queue of this process before one limit.

    One question at a time asks the limiter, so that between processes, too, those who wait go
    one by one.
    """

    name: str
    limiter: RateLimiter
    clock: Clock
    _queues: OrderedDict[str, deque[_Waiting]] = field(default_factory=OrderedDict)
    _busy: bool = False

    async def take(self, asker: str, deadline: float) -> None:
        """Return when it is this asker's turn.

        Units: `deadline` on the clock's monotonic scale.
        Raises: BudgetSpent when the turn would come later, StoreUnavailable.
        """
        if self._busy:
            await self._wait(asker, deadline)
        self._busy = True
        try:
            await self.limiter.acquire(self.name, 1, deadline)
        finally:
            self._call_next()

    async def _wait(self, asker: str, deadline: float) -> None:
        one = _Waiting(deadline, asyncio.get_running_loop().create_future())
        self._queues.setdefault(asker, deque()).append(one)
        try:
            await one.called
        except asyncio.CancelledError:
            if _was_called(one.called):
                self._call_next()  # and left in the same moment
            raise

    def _call_next(self) -> None:
        """Call the first question of the next asker; who comes too late learns it now."""
        self._send_away_the_late()
        while self._queues:
            asker, queue = self._queues.popitem(last=False)
            one = queue.popleft()
            if queue:
                self._queues[asker] = queue  # behind all others
            if not one.called.done():  # else it was given up, or sent away
                one.called.set_result(None)
                return
        self._busy = False

    def _send_away_the_late(self) -> None:
        now = self.clock.monotonic()
        for one in chain.from_iterable(self._queues.values()):
            if one.deadline < now and not one.called.done():
                one.called.set_exception(BudgetSpent(f"{self.name}: too many wait for their turn"))


def _was_called(called: asyncio.Future[None]) -> bool:
    return called.done() and not called.cancelled() and called.exception() is None
