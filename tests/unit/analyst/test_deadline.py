import pytest

from shared.analyst.deadline import Deadline
from tests.twins.manual_clock import ManualClock


def test_time_that_passes_is_taken_from_what_is_left():
    clock = ManualClock()
    deadline = Deadline.within(clock, 10)
    clock.advance(4)
    assert deadline.left_s == 6


def test_a_deadline_that_is_over_leaves_nothing():
    clock = ManualClock()
    deadline = Deadline.within(clock, 10)
    clock.advance(11)
    assert (deadline.left_s, deadline.share(1).left_s) == (0, 0)


@pytest.mark.parametrize(("others", "share_s"), [(0, 12), (1, 6), (2, 4)])
def test_a_share_leaves_as_much_to_each_of_the_others(others, share_s):
    assert Deadline.within(ManualClock(), 12).share(others).left_s == share_s


def test_what_one_does_not_use_is_left_to_those_after():
    clock = ManualClock()
    deadline = Deadline.within(clock, 12)
    clock.advance(1)  # the first of two failed at once
    assert deadline.share(0).left_s == 11
