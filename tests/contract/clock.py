"""What every clock does; each adapter's test module subclasses it."""

from abc import ABC, abstractmethod
from datetime import UTC, timedelta

import pytest

from shared.ports import Clock


class ClockContract(ABC):
    @pytest.fixture
    @abstractmethod
    def clock(self) -> Clock: ...

    async def test_now_is_in_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    async def test_sleeping_moves_both_hands(self, clock: Clock) -> None:
        now, mark = clock.now(), clock.monotonic()
        await clock.sleep(0.02)
        assert clock.now() - now >= timedelta(seconds=0.019)
        assert clock.monotonic() - mark >= 0.019

    async def test_no_time_or_less_is_slept_at_once(self, clock: Clock) -> None:
        mark = clock.monotonic()
        await clock.sleep(0)
        await clock.sleep(-60)
        assert clock.monotonic() - mark < 30
