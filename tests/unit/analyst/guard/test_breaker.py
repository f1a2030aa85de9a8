import pytest

from shared.analyst.guard.breaker import Breaker
from shared.domain.errors import (
    AuthRejected,
    BudgetSpent,
    ContractBroken,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
    Withheld,
)
from tests.twins.manual_clock import ManualClock


def ask(breaker: Breaker, error: BaseException | None = None) -> None:
    with breaker.watch():
        if error is not None:
            raise error


def fail(breaker: Breaker, times: int = 5, error: Exception | None = None) -> None:
    for _ in range(times):
        with pytest.raises(Exception, match="x"):
            ask(breaker, error or UpstreamUnavailable("x"))


def is_open(breaker: Breaker) -> bool:
    try:
        ask(breaker)
    except Withheld:
        return True
    return False


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker("gemini", clock)


@pytest.mark.parametrize("kind", [UpstreamUnavailable, RateLimited, RequestRejected])
def test_five_failures_in_a_row_open_it(breaker, kind):
    fail(breaker, 5, kind("x"))
    with pytest.raises(Withheld, match="gemini is down: it is asked again in 10 s"):
        ask(breaker)


def test_an_answer_between_keeps_it_closed(breaker):
    fail(breaker, 4)
    ask(breaker)
    fail(breaker, 4)
    assert not is_open(breaker)


def test_an_answer_that_nobody_can_use_is_an_answer(breaker):
    fail(breaker, 20, ContractBroken("x"))
    fail(breaker, 4)
    fail(breaker, 1, ContractBroken("x"))
    fail(breaker, 4)
    assert not is_open(breaker)


def test_a_question_that_was_never_asked_tells_nothing(breaker):
    fail(breaker, 4)
    fail(breaker, 20, BudgetSpent("x"))
    assert breaker.failures == 4


@pytest.mark.parametrize("kind", [AuthRejected, QuotaSpent])
def test_what_does_not_mend_itself_opens_it_at_once_and_for_long(breaker, clock, kind):
    fail(breaker, 1, kind("x"))
    clock.advance(299)
    assert is_open(breaker)


def test_after_its_rest_one_answer_closes_it(breaker, clock):
    fail(breaker)
    clock.advance(10)
    ask(breaker)
    fail(breaker, 4)
    assert not is_open(breaker)


def test_one_question_asks_for_all(breaker, clock):
    fail(breaker)
    clock.advance(10)
    with breaker.watch(), pytest.raises(Withheld, match="finding out"):
        ask(breaker)


def test_a_failed_probe_doubles_the_rest_up_to_five_minutes(breaker, clock):
    fail(breaker)
    for rest_s in (10, 20, 40, 80, 160, 300, 300):
        clock.advance(rest_s - 1)
        assert is_open(breaker)
        clock.advance(1)
        fail(breaker, 1)


def test_a_probe_that_was_given_up_leaves_the_place_to_the_next(breaker, clock):
    fail(breaker)
    clock.advance(10)
    with pytest.raises(KeyboardInterrupt):
        ask(breaker, KeyboardInterrupt())
    assert not is_open(breaker)


def test_thirty_questions_that_were_under_way_are_one_outage(breaker, clock):
    under_way = [breaker.watch() for _ in range(30)]
    for one in under_way:
        one.__enter__()
    for one in under_way:
        one.__exit__(UpstreamUnavailable, UpstreamUnavailable("x"), None)
    clock.advance(9)
    assert is_open(breaker)
    clock.advance(1)
    assert not is_open(breaker)
