from datetime import timedelta

import pytest

from shared.brokers.engine.limiter import Limiter
from shared.brokers.spec import RateLimit
from shared.domain.errors import BudgetSpent
from tests.twins.manual_clock import ManualClock

SECOND = timedelta(seconds=1)


def limiter(clock: ManualClock, *limits: RateLimit, budget_s: float = 100.0) -> Limiter:
    return Limiter("Broker", limits, clock, clock.monotonic() + budget_s, clock.sleep)


async def test_points_within_the_limit_cost_no_wait() -> None:
    clock = ManualClock()
    one = limiter(clock, RateLimit(3, SECOND))
    for _ in range(3):
        await one.take(1)
    assert clock.slept == []


async def test_a_dear_request_waits_until_its_points_are_free() -> None:
    clock = ManualClock()
    one = limiter(clock, RateLimit(10, 10 * SECOND))
    await one.take(6)
    await clock.sleep(4)
    await one.take(4)
    await one.take(8)  # 6 points are free after 10 s, the other 4 after 14 s
    assert clock.slept == [4, 10]


async def test_the_strictest_of_several_limits_decides() -> None:
    clock = ManualClock()
    one = limiter(clock, RateLimit(1, SECOND), RateLimit(2, 60 * SECOND))
    for _ in range(3):
        await one.take(1)
    assert clock.slept == [1, 59]


async def test_a_wait_beyond_the_deadline_is_left_to_the_next_message() -> None:
    clock = ManualClock()
    one = limiter(clock, RateLimit(1, 60 * SECOND), budget_s=30)
    await one.take(1)
    with pytest.raises(BudgetSpent):
        await one.take(1)


async def test_a_limit_of_one_door_counts_what_is_asked_there_alone() -> None:
    clock = ManualClock()
    one = limiter(clock, RateLimit(9, SECOND), RateLimit(1, 60 * SECOND, door="futures"))
    await one.take(1, "futures")
    await one.take(1)
    assert clock.slept == []
    await one.take(1, "futures")
    assert clock.slept == [60]
