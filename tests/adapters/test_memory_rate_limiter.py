import pytest

from shared.adapters.memory_rate_limiter import MemoryRateLimiter
from shared.ports import Rate
from tests.contract.rate_limiter import RATES, RateLimiterContract
from tests.twins.manual_clock import ManualClock


class TestMemoryRateLimiter(RateLimiterContract):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def limiter(self, clock: ManualClock) -> MemoryRateLimiter:
        return MemoryRateLimiter(clock, RATES)


async def test_a_whole_limit_is_there_again_after_its_window():
    clock = ManualClock()
    limiter = MemoryRateLimiter(clock, {"gemini": Rate(10)})
    for _ in range(3):
        for _ in range(10):
            await limiter.acquire("gemini", 1, clock.monotonic())
        clock.advance(1)
    assert clock.slept == []
