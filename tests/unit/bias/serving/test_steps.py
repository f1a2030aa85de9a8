"""Sections told while an answer is written: once each, and none of a flight that failed."""

import pytest

from shared.adapters.memory_cache import MemoryCache
from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.analyst.rules import RulesAnalyst
from shared.bias.serving.steps import FinishedSteps
from shared.domain.bias import Section, Step
from tests.markets import small_forecast, small_snapshot
from tests.twins.manual_clock import ManualClock

FLIGHT = "bias-SPY-2020-05-29-close"


class Watched:
    """A cache with a flight that is written to and followed."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.steps = FinishedSteps(MemoryCache(self.clock), self.clock)
        self.landed = False

    def flight(self):
        return self.steps.told_by(RulesAnalyst(), FLIGHT)

    async def write(self, author: Analyst, step: Step) -> None:
        deadline = Deadline.within(self.clock, 60)
        await author.section(step, small_snapshot(), small_forecast(), (), deadline=deadline)

    async def fail_after(self, step: Step) -> Analyst:
        async with self.flight() as author:
            await self.write(author, step)
            raise Failed(author)

    async def told(self) -> list[Step]:
        """List what a follower who comes after the landing is told."""
        self.landed = True
        parts = [part async for part in self.steps.follow(FLIGHT, lambda: self.landed)]
        return [part.step for part in parts if isinstance(part, Section)]


class Failed(Exception):
    """Ends a flight; holds its author."""

    def __init__(self, author: Analyst) -> None:
        super().__init__()
        self.author = author


async def test_of_a_flight_that_failed_nothing_is_told_afterwards():
    watched = Watched()
    with pytest.raises(Failed):
        await watched.fail_after(Step.FLUX)
    assert await watched.told() == []


async def test_a_step_that_outlives_its_failed_flight_is_told_to_nobody():
    watched = Watched()
    with pytest.raises(Failed) as failed:
        await watched.fail_after(Step.FLUX)
    await watched.write(failed.value.author, Step.MACRO)
    assert await watched.told() == []


async def test_what_an_instance_left_when_it_died_is_gone_with_the_next_flight():
    watched = Watched()
    dead = watched.flight()
    await watched.write(await dead.__aenter__(), Step.LEADERS)
    async with watched.flight() as author:
        await watched.write(author, Step.FLUX)
    assert await watched.told() == [Step.FLUX]


async def test_who_follows_from_one_flight_into_the_next_is_told_each_section_once():
    watched, told = Watched(), []
    dead = watched.flight()
    await watched.write(await dead.__aenter__(), Step.FLUX)
    async for section in watched.steps.follow(FLIGHT, lambda: watched.landed):
        told.append(section)
        if len(told) == 1:
            async with watched.flight() as author:
                for step in (Step.FLUX, Step.TECHNICAL):
                    await watched.write(author, step)
            watched.landed = True
    assert [section.step for section in told] == [Step.FLUX, Step.TECHNICAL]
