"""Single flight: one computation a name, over all instances by a lease, in this one by a task."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

from shared.domain.errors import LeaseHeld
from shared.lease import Leases
from shared.ports import Clock

_log = logging.getLogger(__name__)

AT_ONCE = 6  # flights that compute side by side: what a provider's limit lets through
_POLL_S = 0.25
T = TypeVar("T")


class Flights(Generic[T]):
    """Computations under way; a caller who leaves does not end them.

    Units: `flight_s` seconds that a flight may take, and that others wait for it.
    """

    def __init__(self, leases: Leases, clock: Clock, flight_s: float) -> None:
        self._leases = leases
        self._clock = clock
        self._flight_s = flight_s
        self._places = asyncio.Semaphore(AT_ONCE)
        self._flying: dict[str, asyncio.Task[T]] = {}

    def launch(
        self,
        name: str,
        find: Callable[[], Awaitable[T | None]],
        compute: Callable[[], Awaitable[T]],
    ) -> asyncio.Task[T]:
        """Give the flight of a name that is under way, or begin it.

        Shape: `find` looks for what another instance has computed meanwhile. The task raises
        LeaseHeld when another instance takes too long, and what `find` and `compute` raise.
        """
        task = self._flying.get(name)
        if task is None:
            task = asyncio.create_task(self._fly(name, find, compute))
            self._flying[name] = task
            task.add_done_callback(partial(self._landed, name))
        return task

    def is_flying(self, name: str) -> bool:
        """Tell whether a flight is under way in this process."""
        return name in self._flying

    async def land(self) -> None:
        """Wait for whatever is under way; how it ends is its callers' business."""
        while self._flying:
            await asyncio.wait(self._flying.values())

    async def close(self) -> None:
        """Give up what is under way; the leases are given back."""
        for task in self._flying.values():
            task.cancel()
        await self.land()

    def _landed(self, name: str, task: asyncio.Task[T]) -> None:
        del self._flying[name]
        if not task.cancelled() and (error := task.exception()) is not None:
            # whoever waits gets it too; nobody waits for a renewal
            _log.warning("bias.flight_failed", extra={"error": type(error).__name__})

    async def _fly(
        self,
        name: str,
        find: Callable[[], Awaitable[T | None]],
        compute: Callable[[], Awaitable[T]],
    ) -> T:
        give_up = self._clock.monotonic() + self._flight_s
        while True:
            async with self._places:
                try:
                    return await self._alone(name, find, compute)
                except LeaseHeld:
                    found = await find()
            if found is not None:
                return found
            if self._clock.monotonic() >= give_up:
                raise LeaseHeld(f"{name} is still being computed elsewhere")
            await self._clock.sleep(_POLL_S)

    async def _alone(
        self,
        name: str,
        find: Callable[[], Awaitable[T | None]],
        compute: Callable[[], Awaitable[T]],
    ) -> T:
        """Compute under a lease that only one worker of all instances can hold."""
        held = await self._leases.acquire(name, self._flight_s)
        try:
            found = await find()
            return await compute() if found is None else found
        finally:
            await self._leases.release(held)
