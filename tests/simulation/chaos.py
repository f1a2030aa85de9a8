"""Twins whose effects may crash, lose races and take turns, as a seed decides."""

import asyncio
from collections.abc import Sequence
from random import Random

from shared.domain.errors import VersionChanged
from shared.ports import Document, Documents, Key, MessageBus, Outgoing, Page, Query, Update, Write


class Crash(Exception):
    """The worker died here; its message is delivered again."""


class Chaos:
    """Decides at every effect whether the worker dies before it, after it, or waits."""

    def __init__(self, random: Random, *, crashes: float = 0.06, conflicts: float = 0.04) -> None:
        self.calm = False
        self.crashed = 0
        self._random = random
        self._crashes = crashes
        self._conflicts = conflicts

    async def step(self) -> None:
        """Let others go first, or die."""
        for _ in range(0 if self.calm else self._random.randrange(3)):
            await asyncio.sleep(0)
        if not self.calm and self._random.random() < self._crashes:
            self.crashed += 1
            raise Crash

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
