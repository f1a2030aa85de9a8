from hypothesis import given
from hypothesis import strategies as st

from shared.journal.watching.pace import POLL_S, Pace, Retry

SECONDS = st.floats(0, 5_000)


def test_at_first_everything_is_read_when_streams_have_had_a_moment_to_open() -> None:
    assert Pace.beginning(100.0).due_s == 102.0


def test_without_news_a_connection_is_read_every_fifteen_minutes() -> None:
    assert Pace(100.0).due_s == 100.0 + 15 * 60


def test_news_are_read_when_their_burst_has_ended() -> None:
    assert Pace(0.0).heard(60.0).heard(61.0).heard(62.5).due_s == 64.5


def test_news_that_never_stop_are_read_after_ten_seconds() -> None:
    pace = Pace(0.0)
    for tenth in range(600, 900):
        pace = pace.heard(tenth / 10)
    assert pace.due_s == 70.0


def test_right_after_a_sync_news_wait_a_little() -> None:
    assert Pace(60.0).heard(60.5).due_s == 65.0


def test_news_heard_while_a_sync_is_under_way_are_read_by_the_next() -> None:
    pace = Pace(0.0).heard(60.0).begun().heard(64.0).ended(66.0)
    assert pace.due_s == 71.0


def test_news_before_a_sync_are_read_by_it() -> None:
    assert Pace(0.0).heard(60.0).begun().ended(66.0).due_s == 66.0 + POLL_S


def test_while_the_broker_does_not_hear_us_news_wait() -> None:
    assert Pace(0.0).begun().ended(500.0).heard(70.0).due_s == 505.0


@given(SECONDS, st.lists(SECONDS))
def test_a_sync_is_never_later_than_the_clock_has_it(ended: float, heard: list[float]) -> None:
    pace = Pace(ended)
    for at in sorted(heard):
        pace = pace.heard(ended + at)
        assert ended < pace.due_s <= ended + POLL_S


def test_each_failure_doubles_the_wait_up_to_a_minute() -> None:
    retry, waits = Retry(), []
    for _ in range(9):
        retry = retry.broke(0.5)
        waits.append(retry.longest_s)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_stream_that_lived_makes_good_for_those_that_broke() -> None:
    assert Retry(8).broke(60.0) == Retry(1)
