import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.adapters.system_clock import SystemClock
from shared.adapters.system_entropy import SystemEntropy
from tests.contract.clock import ClockContract
from tests.contract.entropy import EntropyContract
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy
from tests.twins.stepped_clock import SteppedClock


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()


class TestManualClock(ClockContract):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()


class TestSteppedClock(ClockContract):
    @pytest.fixture
    async def clock(self) -> AsyncIterator[SteppedClock]:
        """One that somebody keeps moving."""
        clock = SteppedClock()

        async def move() -> None:
            while True:
                await clock.step(0.01)

        mover = asyncio.create_task(move())
        yield clock
        mover.cancel()


class TestSystemEntropy(EntropyContract):
    @pytest.fixture
    def entropy(self) -> SystemEntropy:
        return SystemEntropy()


class TestSeededEntropy(EntropyContract):
    @pytest.fixture
    def entropy(self) -> SeededEntropy:
        return SeededEntropy(7)


def test_the_same_seed_gives_the_same_tokens() -> None:
    assert SeededEntropy(7).token() == SeededEntropy(7).token()
