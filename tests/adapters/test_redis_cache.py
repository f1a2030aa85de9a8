import pytest
from redis.asyncio import Redis

from shared.adapters.redis.redis_cache import RedisCache
from shared.adapters.redis.redis_client import open_redis
from tests.contract.cache import CacheContract, LetPass


class TestRedisCache(CacheContract):
    @pytest.fixture
    def cache(self, redis: Redis) -> RedisCache:
        return RedisCache(redis)

    @pytest.fixture
    def let_pass(self, redis: Redis) -> LetPass:
        async def let_pass(seconds: float) -> None:
            for key in await redis.keys():
                left_ms = await redis.pttl(key)
                await redis.pexpire(key, left_ms - round(seconds * 1000))

        return let_pass


async def test_two_instances_see_the_same_values(redis: Redis, redis_url: str) -> None:
    other = open_redis(redis_url)
    await RedisCache(redis).put("k", b"v", 60)
    assert await RedisCache(other).get("k") == b"v"
    await other.aclose()


async def test_a_cache_out_of_reach_has_forgotten_everything() -> None:
    client = open_redis("redis://127.0.0.1:1/0")
    cache = RedisCache(client)
    await cache.put("k", b"v", 60)
    assert await cache.get("k") is None
    await client.aclose()
