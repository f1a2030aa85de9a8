"""Twins whose effects may crash, lose races and take turns, as a seed decides."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random

import httpx

from shared.domain.errors import VersionChanged
from shared.ports import Document, Documents, Key, MessageBus, Outgoing, Page, Query, Update, Write


class Crash(Exception):
    """The worker died here; its message is delivered again."""


class Chaos:
    """Decides at every effect whether the worker dies before it, after it, or waits.

    Shape: `freeze` is called when a worker stands still for longer than its lease lasts, while the
    others go on.
    """

    def __init__(
        self,
        random: Random,
        *,
        crashes: float = 0.06,
        conflicts: float = 0.04,
        freezes: float = 0.0,
        freeze: Callable[[], None] = lambda: None,
    ) -> None:
        self.calm = False
        self.crashed = 0
        self.frozen = 0
        self._random = random
        self._crashes = crashes
        self._conflicts = conflicts
        self._freezes = freezes
        self._freeze = freeze

    async def step(self, rarely: float = 1.0) -> None:
        """Let others go first, or die; `rarely` makes dying rarer."""
        if self.calm:
            return
        for _ in range(self._random.randrange(3)):
            await asyncio.sleep(0)
        if not self.calm and self._random.random() < self._crashes * rarely:
            self.crashed += 1
            raise Crash

    async def stand_still(self) -> None:
        """Outlast the own lease, now and then."""
        if self._freezes and not self.calm and self._random.random() < self._freezes:
            self.frozen += 1
            self._freeze()
            for _ in range(150):
                await asyncio.sleep(0)

    def race(self) -> None:
        """Lose a compare-and-set that nobody else was in."""
        if not self.calm and self._random.random() < self._conflicts:
            raise VersionChanged("chaos")


class ChaosDocuments:
    """A store behind an unreliable worker: each effect happens or not, then the worker may die."""

    def __init__(self, inner: Documents, chaos: Chaos) -> None:
        self._inner = inner
        self._chaos = chaos

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        await self._chaos.stand_still()
        await self._chaos.step()
        return await self._inner.get_many(keys)

    async def commit(self, writes: Sequence[Write]) -> None:
        await self._chaos.step()
        if any(isinstance(write, Update) for write in writes):
            self._chaos.race()
        await self._inner.commit(writes)
        await self._chaos.step()

    async def scan(self, query: Query) -> Page:
        await self._chaos.step()
        return await self._inner.scan(query)

    async def close(self) -> None:
        await self._inner.close()


class ChaosBus:
    """A bus behind the same worker."""

    def __init__(self, inner: MessageBus, chaos: Chaos) -> None:
        self._inner = inner
        self._chaos = chaos

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        await self._chaos.step()
        await self._inner.publish(messages)
        await self._chaos.step()

    async def close(self) -> None:
        await self._inner.close()


class ChaosTransport(httpx.AsyncBaseTransport):
    """A network behind the same worker: it may die before it asks, and with the answer in hand.

    Shape: with a new login in hand it may also stand still: only its fence keeps that one out then.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, chaos: Chaos) -> None:
        self._inner = inner
        self._chaos = chaos

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._chaos.step(rarely=0.1)
        response = await self._inner.handle_async_request(request)
        if b"refresh_token" in request.content:
            await self._chaos.stand_still()
        await self._chaos.step(rarely=0.1)
        return response


_LEASE = timedelta(minutes=10)  # longer than the workers' leases


def outlast(advance: Callable[[timedelta], None]) -> Callable[[], None]:
    """Let a lease run out on a clock."""
    return lambda: advance(_LEASE)
