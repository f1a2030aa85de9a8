import json
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


async def spent_before(clock: ManualClock, *limits: RateLimit, points: int) -> Limiter:
    """A limiter whose predecessor has spent points, one a second."""
    before = limiter(clock, *limits)
    for _ in range(points):
        await before.take(1)
        clock.advance(1)
    after = limiter(clock, *limits)
    after.go_on_from(json.loads(json.dumps(before.spending())))
    return after


async def test_what_an_earlier_message_spent_counts_on() -> None:
    clock = ManualClock()
    after = await spent_before(clock, RateLimit(3, 60 * SECOND), points=3)
    await after.take(1)
    assert clock.slept == [57]  # 60 s after the first


async def test_many_points_are_carried_in_few_stretches_and_never_too_early() -> None:
    clock = ManualClock()
    after = await spent_before(clock, RateLimit(40, 60 * SECOND), points=40)
    spending = after.spending()
    ((stretches,),) = [one.values() for one in [{n: s["at_us"] for n, s in spending.items()}]]
    await after.take(1)
    assert len(stretches) <= 10
    assert clock.slept == [23]  # the newest of the first stretch of four is 37 s old


async def test_what_has_left_its_window_is_carried_no_more() -> None:
    clock = ManualClock()
    after = await spent_before(clock, RateLimit(3, SECOND), points=3)
    clock.advance(5)
    assert after.spending() == {}


async def test_a_clock_that_was_ahead_makes_nobody_wait_longer_than_a_window() -> None:
    clock, ahead = ManualClock(), ManualClock()
    ahead.advance(500)
    before = limiter(ahead, RateLimit(1, 60 * SECOND))
    await before.take(1)
    after = limiter(clock, RateLimit(1, 60 * SECOND))
    after.go_on_from(before.spending())
    await after.take(1)
    assert clock.slept == [60]
