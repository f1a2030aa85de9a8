from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.sync.service_level import (
    QUARTER,
    DayTally,
    Share,
    freshness,
    imbalance,
    is_day_due,
    quarter_of,
    quarters_between,
    tally_of_run,
)
from shared.domain.time import to_micros
from shared.journal.tick import PERIOD

NOON = datetime(2020, 5, 28, 12, tzinfo=UTC)
CLOSED = {
    "state": "closed",
    "started_us": to_micros(NOON),
    "rows": 10,
    "new": 4,
    "same": 3,
    "revised": 2,
    "superseded": 1,
    "unread": 1,
    "quarantined": 1,
    "pages": 2,
    "requests": 5,
}


def test_an_account_is_due_as_often_as_the_scheduler_asks():
    assert QUARTER == PERIOD


def test_a_rate_of_nothing_is_none_and_not_perfect():
    assert Share(part=0, of=0).rate is None


def test_a_rate_comes_with_its_counts():
    assert Share(part=3, of=4).model_dump() == {"part": 3, "of": 4, "rate": 0.75}


def test_a_run_whose_rows_are_all_accounted_for_has_no_fault():
    assert imbalance(CLOSED) == ""


@pytest.mark.parametrize("name", ["new", "same", "revised", "superseded"])
def test_a_row_that_nothing_accounts_for_is_a_fault(name):
    fault = imbalance({**CLOSED, name: CLOSED[name] - 1})
    assert fault == "10 rows were fetched, 9 are accounted for"


def test_an_unread_row_that_is_not_in_quarantine_is_a_fault():
    assert imbalance({**CLOSED, "quarantined": 0}) == ("1 could not be read, 0 are in quarantine")


def test_a_run_without_its_receipts_is_not_held_against_them():
    assert imbalance({**CLOSED, "state": "abandoned", "new": 0}) == ""


def test_an_unbalanced_run_is_counted_as_such():
    assert tally_of_run({**CLOSED, "new": 5}).runs.unbalanced == 1


def test_a_run_that_was_given_up_serves_no_quarter_hour():
    tally = tally_of_run({**CLOSED, "state": "abandoned"})
    assert (tally.served, tally.runs.given_up, tally.runs.closed) == (0, 1, 0)


def test_a_quarter_hour_that_was_not_due_cannot_raise_the_rate():
    assert DayTally(due=0b0110, served=0b1010).success == Share(part=1, of=2)


def test_two_runs_in_one_quarter_hour_serve_it_once():
    once = tally_of_run(CLOSED)
    assert once.joined(once).served.bit_count() == 1


def test_only_whole_quarter_hours_are_listed():
    since, until = NOON + timedelta(minutes=1), NOON + timedelta(minutes=46)
    expected = [to_micros(NOON + QUARTER * n) for n in (1, 2)]
    assert list(quarters_between(to_micros(since), to_micros(until))) == expected


@given(st.integers(0, 30_000), st.integers(0, 86_399))
def test_a_day_has_96_quarter_hours_of_its_own(number, second):
    midnight = datetime(1980, 1, 1, tzinfo=UTC) + timedelta(days=number)
    instant, start = midnight + timedelta(seconds=second), to_micros(midnight)
    day = list(map(quarter_of, quarters_between(start, start + 96 * 15 * 60 * 1_000_000)))
    assert {when for when, _ in day} == {instant.date()}
    assert len({bit for _, bit in day}) == 96
    assert quarter_of(to_micros(instant)) in day


def test_a_day_is_due_once_it_is_over_everywhere():
    at = datetime(2020, 5, 29, 13, tzinfo=UTC)
    assert is_day_due(date(2020, 5, 28), at)
    assert not is_day_due(date(2020, 5, 28), at - timedelta(seconds=1))


def test_percentiles_are_ages_that_occurred():
    ages = [timedelta(minutes=n) for n in range(1, 101)]
    found = freshness(NOON, ages, never=2, resting=3)
    assert (found.accounts, found.never, found.resting) == (100, 2, 3)
    assert (found.median_s, found.p95_s, found.worst_s) == (50 * 60, 95 * 60, 100 * 60)


def test_without_any_age_there_is_no_percentile():
    found = freshness(NOON, [], never=1, resting=0)
    assert (found.accounts, found.median_s, found.p95_s, found.worst_s) == (0, None, None, None)
