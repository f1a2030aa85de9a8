from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.sync.schedule import CURRENCIES, FUTURES, QUARTER, SHARES, Hours, Schedule

FRIDAY = datetime(2026, 3, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("hours", "closes", "opens"),
    [
        (CURRENCIES, FRIDAY + 21 * HOUR, FRIDAY + 69 * HOUR),
        (FUTURES, FRIDAY + 21 * HOUR, FRIDAY + 70 * HOUR),
        (SHARES, FRIDAY + 24 * HOUR, FRIDAY + 72 * HOUR),
    ],
)
def test_markets_close_for_the_weekend(hours: Hours, closes: datetime, opens: datetime) -> None:
    states = [hours.are_open(at) for end in (closes, opens) for at in (end - QUARTER, end)]
    assert states == [True, False, False, True]


def test_the_week_follows_new_york_when_its_clocks_change() -> None:
    winter = datetime(2026, 1, 16, 21, 30, tzinfo=UTC)  # 16:30 in New York, in March 17:30
    assert CURRENCIES.are_open(winter)


SCHEDULE = Schedule(hours=CURRENCIES)


@pytest.mark.parametrize(
    ("now", "waits"),
    [
        (FRIDAY, QUARTER),
        (FRIDAY + 21 * HOUR - QUARTER, QUARTER),  # once more when the markets have closed
        (FRIDAY + 21 * HOUR, HOUR),
        (FRIDAY + 68.5 * HOUR, 3 * QUARTER),  # a quarter of an hour after they opened
        (FRIDAY + 69 * HOUR, QUARTER),
    ],
)
def test_a_broker_is_asked_each_quarter_while_markets_are_open_and_hourly_else(
    now: datetime, waits: timedelta
) -> None:
    assert SCHEDULE.next_after(now) == now + waits


def test_coins_have_no_weekend() -> None:
    assert Schedule().next_after(FRIDAY + 30 * HOUR) == FRIDAY + 30 * HOUR + QUARTER


def test_a_broker_that_wants_to_be_asked_seldom_is() -> None:
    assert Schedule(period=HOUR).next_after(FRIDAY) == FRIDAY + HOUR


def test_a_login_that_would_end_is_asked_at_night_too() -> None:
    kept = Schedule(quiet=QUARTER, hours=FUTURES)
    assert kept.next_after(FRIDAY + 30 * HOUR) == FRIDAY + 30 * HOUR + QUARTER
