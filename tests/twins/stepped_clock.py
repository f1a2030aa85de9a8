"""A clock on which sleepers really wait, until the test moves it."""

import asyncio
from datetime import datetime

from tests.twins.manual_clock import START, ManualClock

_TICK_S = 1e-6  # the least that this clock can move
_ROUNDS = 50  # of the event loop, after which whoever could run has run


class SteppedClock(ManualClock):
    """Lets tasks that wait for each other and for the time run in an order that repeats."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self.slept.append(seconds)
        woken = asyncio.Event()
        sleeper = (self.monotonic() + seconds, woken)
        self._sleepers.append(sleeper)
        try:
            await woken.wait()
        finally:
            self._sleepers.remove(sleeper)

    async def settle(self) -> None:
        """Let every task run as far as it comes without time going by."""
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)

    async def step(self, seconds: float) -> None:
        """Move on, waking each sleeper at its own time."""
        end = self.monotonic() + seconds
        await self.settle()
        while due := [at for at, woken in self._sleepers if at <= end and not woken.is_set()]:
            first = min(due)
            self.advance(max(_TICK_S, first - self.monotonic()))
            for at, woken in self._sleepers:
                if at <= first:
                    woken.set()
            await self.settle()
        self.advance(max(0.0, end - self.monotonic()))
        await self.settle()
