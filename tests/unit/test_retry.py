import pytest

from shared.domain.errors import (
    AlreadyExists,
    ContractBroken,
    RateLimited,
    StoreUnavailable,
    UpstreamUnavailable,
    VersionChanged,
)
from shared.retry import ask_again, compare_and_set
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy


class Losing:
    def __init__(self, times: int, error: Exception) -> None:
        self.calls = 0
        self._times = times
        self._error = error

    async def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self._times:
            raise self._error
        return "committed"


@pytest.mark.parametrize("conflict", [VersionChanged("v"), AlreadyExists("a")], ids=type)
async def test_a_lost_change_is_run_again(conflict: Exception) -> None:
    change = Losing(3, conflict)
    assert await compare_and_set(ManualClock(), SeededEntropy(), change) == "committed"
    assert change.calls == 4


async def test_waits_are_jittered_and_stay_below_a_second() -> None:
    clock = ManualClock()
    await compare_and_set(clock, SeededEntropy(), Losing(7, VersionChanged("v")))
    assert len(set(clock.slept)) == 7
    assert all(0 <= wait <= 1 for wait in clock.slept)


async def test_a_change_that_always_loses_may_be_tried_later() -> None:
    change = Losing(99, VersionChanged("v"))
    with pytest.raises(StoreUnavailable):
        await compare_and_set(ManualClock(), SeededEntropy(), change, attempts=3)
    assert change.calls == 3


async def test_other_errors_escape_at_once() -> None:
    change = Losing(99, ContractBroken("c"))
    with pytest.raises(ContractBroken):
        await compare_and_set(ManualClock(), SeededEntropy(), change)
    assert change.calls == 1


async def test_a_lambda_that_returns_an_awaitable_is_awaited() -> None:
    change = Losing(1, VersionChanged("v"))
    assert await compare_and_set(ManualClock(), SeededEntropy(), lambda: change()) == "committed"


async def test_a_question_is_asked_again_until_it_is_answered() -> None:
    ask = Losing(2, UpstreamUnavailable("down"))
    clock = ManualClock()
    assert await ask_again(clock, SeededEntropy(), ask) == "committed"
    assert len(clock.slept) == 2


async def test_who_says_how_long_to_wait_is_not_asked_before() -> None:
    clock = ManualClock()
    await ask_again(clock, SeededEntropy(), Losing(1, RateLimited("slow", retry_after_s=40)))
    assert 40 <= clock.slept[0] < 42


async def test_a_question_that_is_refused_is_not_asked_again() -> None:
    ask = Losing(9, ContractBroken("x"))
    with pytest.raises(ContractBroken):
        await ask_again(ManualClock(), SeededEntropy(), ask)
    assert ask.calls == 1


async def test_no_pause_goes_past_the_time_to_give_up() -> None:
    ask, clock = Losing(9, UpstreamUnavailable("down")), ManualClock()
    with pytest.raises(UpstreamUnavailable):
        await ask_again(clock, SeededEntropy(), ask, attempts=9, give_up_at=3)
    assert clock.monotonic() < 3
    assert ask.calls < 9
