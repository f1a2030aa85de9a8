import asyncio

import pytest

from shared.adapters.memory_rate_limiter import MemoryRateLimiter
from shared.analyst.guard.turns import Turns
from shared.domain.errors import BudgetSpent
from shared.ports import Rate
from tests.twins.stepped_clock import SteppedClock


def turns_at(clock: SteppedClock, calls: int = 1, window_s: float = 1.0) -> Turns:
    return Turns("gemini", MemoryRateLimiter(clock, {"gemini": Rate(calls, window_s)}), clock)


def ask(turns: Turns, order: list[str], asker: str, count: int, patience_s: float = 60.0):
    async def one() -> None:
        await turns.take(asker, turns.clock.monotonic() + patience_s)
        order.append(asker)

    return [asyncio.create_task(one()) for _ in range(count)]


async def test_askers_take_turns_whoever_came_first():
    clock, order = SteppedClock(), []
    turns = turns_at(clock)
    tasks = ask(turns, order, "ES", 6) + ask(turns, order, "NQ", 3) + ask(turns, order, "CL", 1)
    await clock.step(12)
    await asyncio.gather(*tasks)
    # two of ES were on their way before anybody else was there
    assert order == ["ES", "ES", "ES", "NQ", "CL", "ES", "NQ", "ES", "NQ", "ES"]


async def test_what_fits_into_the_limit_passes_at_once():
    clock, order = SteppedClock(), []
    tasks = ask(turns_at(clock, calls=10), order, "ES", 10)
    await clock.settle()
    assert len(order) == 10
    await asyncio.gather(*tasks)


async def test_who_would_come_too_late_learns_it_while_others_still_wait():
    clock, order = SteppedClock(), []
    turns = turns_at(clock)
    patient = ask(turns, order, "ES", 10)
    (hasty,) = ask(turns, order, "NQ", 1, patience_s=0.5)
    await clock.step(1.1)
    with pytest.raises(BudgetSpent):
        await hasty
    await clock.step(20)
    await asyncio.gather(*patient)
    assert order == ["ES"] * 10


async def test_who_gives_up_while_waiting_holds_nobody_up():
    clock, order = SteppedClock(), []
    turns = turns_at(clock)
    tasks = ask(turns, order, "ES", 3) + ask(turns, order, "NQ", 2)
    await clock.settle()
    for gone in (tasks[0], tasks[1], tasks[3]):  # one asks the limiter, two wait
        gone.cancel()
    await clock.step(10)
    await asyncio.gather(tasks[2], tasks[4])
    assert sorted(order) == ["ES", "ES", "NQ"]


async def test_the_limit_is_free_again_when_nobody_waits():
    clock, order = SteppedClock(), []
    turns = turns_at(clock)
    for _ in range(3):
        task = ask(turns, order, "ES", 1)[0]
        await clock.step(1)
        await task
    assert order == ["ES"] * 3


async def test_who_leaves_in_the_moment_of_being_called_passes_the_turn_on():
    clock, order = SteppedClock(), []
    turns = turns_at(clock)
    await turns.take("ES", 60)  # the next turn is a second away

    async def holder() -> None:
        await turns.take("ES", clock.monotonic() + 60)
        leaving.cancel()  # it has been called, and has not run since

    holding = asyncio.create_task(holder())
    await clock.settle()
    (leaving,), (last,) = ask(turns, order, "NQ", 1), ask(turns, order, "CL", 1)
    await clock.step(3)
    await holding
    assert leaving.cancelled()
    assert last.done()
    assert order == ["CL"]
