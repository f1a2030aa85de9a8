"""What every rate limiter does; each adapter's test module subclasses it."""

import asyncio
from abc import ABC, abstractmethod

import pytest

from shared.domain.errors import BudgetSpent
from shared.ports import Clock, Rate, RateLimiter

RATES = {"gemini": Rate(5, 0.2), "openai": Rate(1, 0.2), "hourly": Rate(2, 3600.0)}


class RateLimiterContract(ABC):
    """Shape: `clock` is what the limiter waits on; windows are short, as some really wait."""

    @pytest.fixture
    @abstractmethod
    def clock(self) -> Clock: ...

    @pytest.fixture
    @abstractmethod
    def limiter(self, clock: Clock) -> RateLimiter: ...

    async def take(
        self, limiter: RateLimiter, clock: Clock, count: int, name: str = "gemini"
    ) -> list[float]:
        """When each of several callers, one after the other, had its turn."""
        turns = []
        for _ in range(count):
            await limiter.acquire(name, 1, clock.monotonic() + 60)
            turns.append(clock.monotonic())
        return turns

    async def test_what_fits_does_not_wait(self, limiter: RateLimiter, clock: Clock) -> None:
        await limiter.acquire("hourly", 2, clock.monotonic())

    async def test_no_window_holds_more_than_the_limit(
        self, limiter: RateLimiter, clock: Clock
    ) -> None:
        before = clock.monotonic()
        turns = await self.take(limiter, clock, 16)
        for earlier, later in zip(turns, turns[6:], strict=False):  # of which one may lag behind
            assert later - earlier >= 0.2 - 0.02
        assert turns[-1] - before >= 0.6

    async def test_who_asks_first_goes_first(self, limiter: RateLimiter, clock: Clock) -> None:
        order: list[int] = []

        async def caller(number: int) -> None:
            await limiter.acquire("openai", 1, clock.monotonic() + 60)
            order.append(number)

        tasks = []
        for number in range(4):
            tasks.append(asyncio.create_task(caller(number)))
            await asyncio.sleep(0.005)  # each on its way before the next one asks
        await asyncio.gather(*tasks)
        assert order == [0, 1, 2, 3]

    async def test_a_turn_that_comes_too_late_is_refused_at_once(
        self, limiter: RateLimiter, clock: Clock
    ) -> None:
        await limiter.acquire("hourly", 2, clock.monotonic())
        before = clock.monotonic()
        with pytest.raises(BudgetSpent, match="hourly"):
            await limiter.acquire("hourly", 1, before + 600)
        assert clock.monotonic() - before < 5

    async def test_a_refused_turn_is_not_spent(self, limiter: RateLimiter, clock: Clock) -> None:
        await limiter.acquire("openai", 1, clock.monotonic())
        for _ in range(50):
            with pytest.raises(BudgetSpent):
                await limiter.acquire("openai", 1, clock.monotonic() + 0.01)
        await limiter.acquire("openai", 1, clock.monotonic() + 0.3)

    async def test_a_cost_counts_as_so_many_calls(self, limiter: RateLimiter, clock: Clock) -> None:
        before = clock.monotonic()
        await limiter.acquire("gemini", 4, before + 60)
        await limiter.acquire("gemini", 1, before + 0.01)
        await limiter.acquire("gemini", 4, before + 60)
        assert clock.monotonic() - before >= 0.2 - 0.01

    async def test_limits_do_not_know_of_each_other(
        self, limiter: RateLimiter, clock: Clock
    ) -> None:
        await limiter.acquire("hourly", 2, clock.monotonic())
        await limiter.acquire("gemini", 5, clock.monotonic() + 0.05)

    @pytest.mark.parametrize(("name", "cost"), [("nobody", 1), ("gemini", 6), ("gemini", 0)])
    async def test_what_never_fits_is_a_mistake(
        self, limiter: RateLimiter, clock: Clock, name: str, cost: int
    ) -> None:
        with pytest.raises(ValueError, match=name):
            await limiter.acquire(name, cost, clock.monotonic() + 1)
