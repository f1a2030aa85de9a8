"""A response cache that all instances share, in Redis."""

import logging
from typing import TYPE_CHECKING, cast

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_log = logging.getLogger(__name__)


class RedisCache:
    """Forgets what expired, and everything while Redis is out of reach: it is only a cache."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def get(self, key: str) -> bytes | None:
        """Return a value that has not expired."""
        try:
            found = await self._redis.get(_name(key))
        except RedisError as error:
            _log.warning("cache.unreachable", extra={"error": type(error).__name__})
            return None
        return cast("bytes | None", found)  # text only from a client that decodes

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for at most `ttl_s` seconds."""
        try:
            await self._redis.set(_name(key), value, px=max(1, int(ttl_s * 1000)))
        except RedisError as error:
            _log.warning("cache.unreachable", extra={"error": type(error).__name__})


def _name(key: str) -> str:
    return f"cache:{key}"
