import pytest
from redis.asyncio import Redis

from shared.adapters.redis.redis_cache import RedisCache
from shared.adapters.redis.redis_client import open_redis
from tests.contract.cache import CacheContract, LetPass
from tests.twins.manual_clock import ManualClock


class TestRedisCache(CacheContract):
    @pytest.fixture
    def cache(self, redis: Redis, clock: ManualClock) -> RedisCache:
        return RedisCache(redis, clock)

    @pytest.fixture
    def let_pass(self, redis: Redis) -> LetPass:
        async def let_pass(seconds: float) -> None:
            for key in await redis.keys():
                left_ms = await redis.pttl(key)
                await redis.pexpire(key, left_ms - round(seconds * 1000))

        return let_pass


async def test_two_instances_see_the_same_values(redis: Redis, redis_url: str) -> None:
    other = open_redis(redis_url)
    await RedisCache(redis, ManualClock()).put("k", b"v", 60)
    assert await RedisCache(other, ManualClock()).get("k") == b"v"
    await other.aclose()


async def test_a_cache_out_of_reach_has_forgotten_everything() -> None:
    client = open_redis("redis://127.0.0.1:1/0")
    cache = RedisCache(client, ManualClock())
    await cache.put("k", b"v", 60)
    assert await cache.get("k") is None
    await client.aclose()


async def moved(redis: Redis, port: int) -> None:
    """Let a client look for its server at another port."""
    await redis.connection_pool.disconnect()
    redis.connection_pool.connection_kwargs["port"] = port
    redis.connection_pool.reset()


async def test_it_is_looked_at_again_five_seconds_after_it_went_away_and_said_so(
    redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    cache, port = RedisCache(redis, clock), redis.connection_pool.connection_kwargs["port"]
    await cache.put("k", b"v", 60)
    await moved(redis, 1)  # nobody listens there
    found = [await cache.get("k") for _ in range(3)]
    await moved(redis, port)
    still = await cache.get("k")
    clock.advance(5)
    assert (found, still, await cache.get("k")) == ([None] * 3, None, b"v")
    assert [r.message for r in caplog.records] == ["cache.unreachable"]
