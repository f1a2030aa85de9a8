"""Rate limits that all instances share, in Redis: one script, by the server's own clock."""

import logging
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, cast

from redis.exceptions import RedisError

from shared.adapters.memory_rate_limiter import checked
from shared.adapters.redis.redis_client import REST_S
from shared.domain.errors import BudgetSpent
from shared.ports import Clock, Rate, RateLimiter

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger(__name__)

_MICROS = 1_000_000

# The list holds when the newest calls have or will have their turn, in microseconds, oldest first.
# Source: https://redis.io/docs/latest/commands/eval/ (a script runs alone), read 2026-11-26.
_TAKE_TURN = """
local calls, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local cost, patience = tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local at = now
local newest = redis.call('LINDEX', KEYS[1], -1)
if newest then at = math.max(at, tonumber(newest)) end
local before = redis.call('LINDEX', KEYS[1], cost - calls - 1)
if before then at = math.max(at, tonumber(before) + window) end
if at - now > patience then return {0, at - now} end
for _ = 1, cost do redis.call('RPUSH', KEYS[1], string.format('%.0f', at)) end
redis.call('LTRIM', KEYS[1], -calls, -1)
redis.call('PEXPIRE', KEYS[1], math.ceil((at - now + window) / 1000))
return {1, at - now}
"""


class RedisRateLimiter:
    """Hands out turns in the order in which they reach Redis, whichever instance asks.

    Shape: `alone` limits this process by itself while Redis is out of reach.
    """

    def __init__(
        self, redis: "Redis", clock: Clock, rates: Mapping[str, Rate], *, alone: RateLimiter
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._rates = rates
        self._alone = alone
        self._rests_until = 0.0

    async def acquire(self, name: str, cost: int, deadline: float) -> None:
        """Wait for the turn of `cost` calls; one that was given up while waiting stays spent.

        Raises: BudgetSpent, ValueError.
        """
        rate = checked(self._rates, name, cost)
        patience_s = max(0.0, deadline - self._clock.monotonic())
        try:
            taken, wait_us = await self._take_turn(name, rate, cost, patience_s)
        except RedisError as error:
            _log.warning("limiter.alone", extra={"limit": name, "error": type(error).__name__})
            self._rests_until = self._clock.monotonic() + REST_S
            taken, wait_us = None, 0
        if taken is None:
            await self._alone.acquire(name, cost, deadline)
            return
        wait_s = wait_us / _MICROS
        if not taken:
            raise BudgetSpent(f"{name}: the next turn comes in {wait_s:.1f} s, which is too late")
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    async def _take_turn(
        self, name: str, rate: Rate, cost: int, patience_s: float
    ) -> tuple[bool | None, int]:
        """Give whether the turn is ours and how far away it is; None while Redis is left alone."""
        if self._clock.monotonic() < self._rests_until:
            return None, 0
        window_us, patience_us = round(rate.window_s * _MICROS), round(patience_s * _MICROS)
        given = (str(rate.calls), str(window_us), str(cost), str(patience_us))
        # the client's types serve its synchronous sister too
        answer = cast(
            "Awaitable[list[int]]", self._redis.eval(_TAKE_TURN, 1, f"rate:{name}", *given)
        )
        taken, wait_us = await answer
        return bool(taken), int(wait_us)
