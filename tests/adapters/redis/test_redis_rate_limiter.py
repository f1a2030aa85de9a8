"""On a real Redis, by its own clock: these tests wait, some tenths of a second each."""

import asyncio

import pytest
from redis.asyncio import Redis

from shared.adapters.memory_rate_limiter import MemoryRateLimiter
from shared.adapters.redis.redis_client import open_redis
from shared.adapters.redis.redis_rate_limiter import RedisRateLimiter
from shared.adapters.system_clock import SystemClock
from shared.domain.errors import BudgetSpent, ConfigError
from shared.ports import Rate
from tests.contract.rate_limiter import RATES, RateLimiterContract
from tests.twins.manual_clock import ManualClock

CLOSED = "redis://127.0.0.1:1/0"  # nobody listens there


def limiter_of(redis: Redis, rates: dict[str, Rate] = RATES) -> RedisRateLimiter:
    clock = SystemClock()
    return RedisRateLimiter(redis, clock, rates, alone=MemoryRateLimiter(clock, rates))


class TestRedisRateLimiter(RateLimiterContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()

    @pytest.fixture
    def limiter(self, redis: Redis) -> RedisRateLimiter:
        return limiter_of(redis)


async def test_instances_share_a_limit(redis: Redis, redis_url: str) -> None:
    rates, clock = {"gemini": Rate(10, 0.3)}, SystemClock()
    clients = [open_redis(redis_url) for _ in range(3)]
    limiters = [limiter_of(client, rates) for client in clients]
    turns: list[float] = []

    async def ask(number: int) -> None:
        await limiters[number % 3].acquire("gemini", 1, clock.monotonic() + 60)
        turns.append(clock.monotonic())

    began = clock.monotonic()
    await asyncio.gather(*(ask(number) for number in range(31)))
    for client in clients:
        await client.aclose()
    assert max(turns) - began >= 0.9
    assert sum(turn - began < 0.29 for turn in turns) <= 10


async def test_what_is_kept_in_redis_ends_by_itself(redis: Redis) -> None:
    await limiter_of(redis).acquire("gemini", 1, SystemClock().monotonic() + 1)
    (key,) = await redis.keys()
    assert 0 < await redis.pttl(key) <= 200


async def test_without_redis_each_instance_keeps_to_its_own_limit() -> None:
    clock, client = ManualClock(), open_redis(CLOSED)
    alone = MemoryRateLimiter(clock, {"gemini": Rate(1, 3600)})
    limiter = RedisRateLimiter(client, clock, {"gemini": Rate(10)}, alone=alone)
    await limiter.acquire("gemini", 1, clock.monotonic())
    with pytest.raises(BudgetSpent):
        await limiter.acquire("gemini", 1, clock.monotonic())
    await client.aclose()


async def test_a_redis_that_did_not_answer_is_left_alone_for_five_seconds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, client = ManualClock(), open_redis(CLOSED)
    rates = {"gemini": Rate(10)}
    limiter = RedisRateLimiter(client, clock, rates, alone=MemoryRateLimiter(clock, rates))
    for _ in range(3):
        await limiter.acquire("gemini", 1, clock.monotonic() + 1)
    clock.advance(5)
    await limiter.acquire("gemini", 1, clock.monotonic() + 1)
    assert [record.message for record in caplog.records] == ["limiter.alone"] * 2
    await client.aclose()


def test_a_wrong_url_is_a_fault_of_the_configuration_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        open_redis("http://:secret-4711@cache")
    assert "4711" not in str(caught.value)
