from datetime import timedelta

import pytest

from infra.simulators.brokers import faults
from shared.domain.errors import UpstreamUnavailable
from shared.journal.visits.breaker import Breaker
from tests.brokers.desk import ACCOUNT, Desk
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

PLACE = "alpaca:paper"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(MemoryDocuments(), clock, SeededEntropy())


async def silences(breaker: Breaker, count: int) -> None:
    for _ in range(count):
        await breaker.note_silence(PLACE)


async def test_four_silences_are_no_outage(breaker: Breaker) -> None:
    await silences(breaker, 4)
    assert await breaker.rests_until(PLACE) is None


async def test_after_five_silences_in_a_row_nobody_asks(
    breaker: Breaker, clock: ManualClock
) -> None:
    await silences(breaker, 5)
    assert await breaker.rests_until(PLACE) == clock.now() + timedelta(seconds=30)


async def test_an_answer_in_between_begins_the_count_anew(breaker: Breaker) -> None:
    await silences(breaker, 4)
    await breaker.note_answer(PLACE)
    await silences(breaker, 4)
    assert await breaker.rests_until(PLACE) is None


async def test_another_brokers_silence_rests_nobody_else(breaker: Breaker) -> None:
    await silences(breaker, 5)
    assert await breaker.rests_until("oanda:live") is None


async def test_when_the_rest_is_over_one_asks_and_the_others_wait(
    breaker: Breaker, clock: ManualClock
) -> None:
    await silences(breaker, 5)
    clock.advance(30)
    assert await breaker.rests_until(PLACE) is None
    assert await breaker.rests_until(PLACE) is not None


async def test_one_answer_lets_all_ask_again(breaker: Breaker, clock: ManualClock) -> None:
    await silences(breaker, 5)
    clock.advance(30)
    await breaker.rests_until(PLACE)
    await breaker.note_answer(PLACE)
    assert await breaker.rests_until(PLACE) is None


@pytest.mark.parametrize(("more", "rest_s"), [(1, 60), (2, 120), (60, 900)])
async def test_each_further_silence_doubles_the_rest_up_to_a_quarter_of_an_hour(
    breaker: Breaker, clock: ManualClock, more: int, rest_s: int
) -> None:
    await silences(breaker, 5 + more)
    assert await breaker.rests_until(PLACE) == clock.now() + timedelta(seconds=rest_s)


async def test_a_broker_that_is_down_is_asked_by_one_message_and_comes_back() -> None:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    made = [await desk.connect() for _ in range(7)]
    desk.world.faults.plan(faults.html_503(), times=10_000)
    for connection in made[:5]:
        with pytest.raises(UpstreamUnavailable):
            await desk.sync(connection)
    asked = len(desk.world.calls)
    report = await desk.sync(made[5])
    assert (report.outcome, len(desk.world.calls)) == ("resting", asked)
    assert "does not answer" in report.reason
    desk.world.faults._planned.clear()
    desk.clock.advance(timedelta(minutes=1))
    ends = [(await desk.sync(connection)).outcome for connection in made]
    assert ends == ["complete"] * 7
