"""A response cache that all instances share, in Redis."""

import logging
from typing import TYPE_CHECKING, cast

from redis.exceptions import RedisError

from shared.adapters.redis.redis_client import REST_S
from shared.ports import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger(__name__)


class RedisCache:
    """Forgets what expired, and everything while Redis is out of reach: it is only a cache.

    A Redis that did not answer is left alone for a while: each look at it can last a second.
    """

    def __init__(self, redis: "Redis", clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._rests_until = 0.0

    async def get(self, key: str) -> bytes | None:
        """Return a value that has not expired."""
        if self._rests():
            return None
        try:
            found = await self._redis.get(_name(key))
        except RedisError as error:
            self._leave_alone(error)
            return None
        return cast("bytes | None", found)  # text only from a client that decodes

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for at most `ttl_s` seconds."""
        if self._rests():
            return
        try:
            await self._redis.set(_name(key), value, px=max(1, int(ttl_s * 1000)))
        except RedisError as error:
            self._leave_alone(error)

    def _rests(self) -> bool:
        return self._clock.monotonic() < self._rests_until

    def _leave_alone(self, error: RedisError) -> None:
        _log.warning("cache.unreachable", extra={"error": type(error).__name__})
        self._rests_until = self._clock.monotonic() + REST_S


def _name(key: str) -> str:
    return f"cache:{key}"
