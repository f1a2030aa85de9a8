"""Rate limits that many logins share, kept by all workers together.

A limit is handed out in ten blocks: each is a tenth of the limit's points in any window, for as
long as a few windows. Who holds a block spends it without asking anybody, so a document is written
once a block and not once a request. A block that has ended stays listed for one window more, until
the last of its points no longer counts: so the listed blocks are never more than the limit.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.limiter import limit_name
from shared.brokers.spec import RateLimit, Scope
from shared.domain.errors import BudgetSpent
from shared.domain.time import from_micros, to_micros
from shared.ports import Clock, Create, Documents, Entropy, Key, Update
from shared.retry import compare_and_set

_BLOCKS = 10
_WINDOWS = 4  # that a block lasts
_SHORTEST = timedelta(seconds=10)
_SKEW = timedelta(seconds=1)  # of the workers' clocks against each other
_A_MOMENT = timedelta(milliseconds=10)


@dataclass(slots=True)
class _Pool:
    """This process's part of one limit."""

    limit: RateLimit
    ends: list[datetime] = field(default_factory=list)  # of the blocks that it holds
    spent: deque[tuple[datetime, int]] = field(default_factory=deque)
    none_before: datetime | None = None  # every block is taken until then
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def blocks(self) -> int:
        return min(_BLOCKS, self.limit.requests)

    @property
    def lasts(self) -> timedelta:
        return max(_SHORTEST, _WINDOWS * self.limit.window)

    def free_at(self, cost: int, now: datetime) -> datetime | None:
        """Tell when points are free; None where the blocks at hand will never do."""
        while self.spent and self.spent[0][0] <= now - self.limit.window:
            self.spent.popleft()
        self.ends = [end for end in self.ends if end > now]
        capacity = len(self.ends) * (self.limit.requests // self.blocks)
        if cost > capacity:
            return None
        over, at = sum(points for _, points in self.spent) + cost - capacity, now
        for began, points in self.spent:
            if over <= 0:
                break
            over, at = over - points, began + self.limit.window
        return at


@dataclass(slots=True)
class Budgets:
    """The pools of one process: its messages draw on them together."""

    _pools: dict[str, _Pool] = field(default_factory=dict)

    def pool(self, name: str, limit: RateLimit) -> _Pool:
        """Find the pool of a limit by its name."""
        return self._pools.setdefault(name, _Pool(limit))


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """One shared limit as one message sees it.

    Units: `deadline` on the clock's monotonic scale; no wait goes past it.
    """

    name: str
    title: str
    pool: _Pool
    documents: Documents
    clock: Clock
    entropy: Entropy
    deadline: float
    sleep: Callable[[float], Awaitable[None]]

    async def take(self, cost: int) -> None:
        """Spend points, after waiting for them, or for a block that has them.

        Raises: BudgetSpent when they are not free before the deadline, StoreUnavailable.
        """
        while (ready_at := await self._try(cost)) is not None:
            wait_s = max(ready_at - self.clock.now(), _A_MOMENT).total_seconds()
            if self.clock.monotonic() + wait_s > self.deadline:
                raise BudgetSpent(f"{self.title}'s rate limit, which is shared, is used up for now")
            await self.sleep(wait_s)

    async def _try(self, cost: int) -> datetime | None:
        """Spend and give None, or tell when to try again."""
        pool = self.pool
        async with pool.lock:
            while True:
                now = self.clock.now()
                free_at = pool.free_at(cost, now)
                if free_at is not None and free_at <= now:
                    pool.spent.append((now, cost))
                    return None
                if pool.none_before is None or pool.none_before <= now:
                    await self._reserve()
                    continue
                return min(pool.none_before, free_at or pool.none_before)

    async def _reserve(self) -> None:
        """Take one more block, or learn until when there is none."""
        ends_at, none_before = await compare_and_set(self.clock, self.entropy, self._take_block)
        self.pool.none_before = none_before
        if ends_at is not None:
            self.pool.ends.append(ends_at)

    async def _take_block(self) -> tuple[datetime | None, datetime | None]:
        key, now = Key("budgets", (self.name,)), self.clock.now()
        (found,) = await self.documents.get_many([key])
        listed = [from_micros(us) for us in found.body["until_us"]] if found else []
        live = sorted(until for until in listed if until > now)
        if len(live) >= self.pool.blocks:
            return None, live[0]
        ends_at = now + self.pool.lasts
        live.append(ends_at + self.pool.limit.window + _SKEW)
        body = {"until_us": [to_micros(until) for until in live]}
        write = Create(key, body) if found is None else Update(key, body, found.version)
        await self.documents.commit([write])
        return ends_at, None


@dataclass(frozen=True, slots=True)
class Sharing:
    """The shared limits of a broker as one message's client meets them."""

    budgets: Budgets
    documents: Documents
    entropy: Entropy
    environment: str
    client: BrokerClient

    async def take(self, cost: int, door: str) -> None:
        """Spend points of every shared limit that counts this door.

        Raises: as `SharedLimit.take`.
        """
        spec = self.client.spec
        for limit in (spec.limit, *spec.more_limits):
            whose = self._whose(limit.scope)
            if whose is not None and limit.door in (None, door):
                await self._limit(limit, whose).take(cost)

    def _whose(self, scope: Scope) -> str | None:
        match scope:
            case Scope.LOGIN:
                return None  # the lease keeps it
            case Scope.APPLICATION:
                return self.client.application or None  # a key has no application, but itself
            case Scope.ADDRESS:
                return "all"

    def _limit(self, limit: RateLimit, whose: str) -> SharedLimit:
        client = self.client
        parts = (client.spec.name, self.environment, limit.scope.value, whose, limit_name(limit))
        name = ":".join(parts)
        return SharedLimit(
            name,
            client.spec.title,
            self.budgets.pool(name, limit),
            self.documents,
            client.clock,
            self.entropy,
            client.deadline,
            client.wait,
        )
