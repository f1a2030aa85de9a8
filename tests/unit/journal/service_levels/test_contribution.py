from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.sync.schedule import CURRENCIES, QUARTERLY, Schedule
from shared.domain.sync.service_level import QUARTER, Share
from shared.domain.time import to_micros
from shared.journal.service_levels.contribution import (
    Contribution,
    first_day,
    read_contribution,
    write_contribution,
)

START = datetime(2020, 5, 27, 22, tzinfo=UTC)
STATES = ("fetching", "fetched", "closed", "abandoned")


def run(number, state="closed", rows=3):
    started = START + QUARTER * number
    return {
        "run": number,
        "state": state,
        "started_us": to_micros(started),
        "window_to_us": to_micros(started),
        "pages": 1,
        "rows": rows,
        "new": rows,
        "same": 0,
        "revised": 0,
        "superseded": 0,
        "unread": 0,
        "quarantined": 0,
        "requests": 2,
    }


NOTHING = Contribution()


def folded(runs, before=NOTHING):
    for one in runs:
        before = before.with_run(one)
    return before


@st.composite
def shown(draw):
    """Runs as they ended, and what was seen of them: in any order, repeated, some while open."""
    ended = [
        run(n, draw(st.sampled_from(STATES[2:])), n) for n in range(1, draw(st.integers(2, 15)))
    ]
    early = draw(st.lists(st.sampled_from(ended)))
    open_ones = [{**one, "state": draw(st.sampled_from(STATES[:2]))} for one in early]
    sight = draw(st.permutations([*open_ones, *ended, *draw(st.lists(st.sampled_from(ended)))]))
    return ended, sight


@given(shown())
def test_runs_in_any_order_and_repeated_come_to_the_same(case):
    ended, sight = case
    assert folded(sight) == folded(ended)


@given(shown(), st.integers(0, 40))
def test_a_fold_that_goes_on_from_what_was_stored_comes_to_the_same(case, cut):
    ended, sight = case
    half = folded(sight[:cut])
    stored = read_contribution(write_contribution("alpaca", half))
    assert folded(sight[cut:], stored) == folded(ended)


def test_a_run_counts_on_the_utc_day_on_which_it_began():
    days = folded([run(7), run(8)]).days  # 23:45 and 00:00
    assert {day: tally.runs.closed for day, tally in days.items()} == {
        date(2020, 5, 27): 1,
        date(2020, 5, 28): 1,
    }


def test_a_run_that_is_under_way_waits_and_is_counted_at_its_end():
    waiting = folded([run(1, "fetched")])
    assert (waiting.waiting, waiting.days) == ({1}, {})
    done = waiting.with_run(run(1))
    assert (done.waiting, done.days[date(2020, 5, 27)].runs.closed) == (frozenset(), 1)


def test_what_was_given_up_makes_nothing_complete():
    one = folded([run(1), run(2, "abandoned")])
    assert one.complete_us == run(1)["window_to_us"]


def test_runs_long_ago_are_not_waited_for():
    assert min(folded([run(1, "fetching"), run(500)]).waiting) >= 480


def judge(one, until, *, due_until=None, schedule=QUARTERLY):
    due_until_us = to_micros(due_until or until)
    ends = to_micros(START), to_micros(until)
    return one.judged(*ends, due_until_us=due_until_us, schedule=schedule)


@given(st.lists(st.integers(0, 110), min_size=1, max_size=6))
def test_however_often_it_is_judged_the_same_quarter_hours_are_due(minutes):
    judged, end = Contribution(), max(minutes)
    for minute in sorted(minutes):
        judged = judge(judged, START + timedelta(minutes=minute))
    due = sum(tally.success.of for tally in judged.days.values())
    assert due == end // 15


def test_a_quarter_hour_without_a_closed_run_is_a_failure():
    one = judge(folded([run(1), run(2, "abandoned")]), START + QUARTER * 4)
    assert one.days[date(2020, 5, 27)].success == Share(part=1, of=4)


def test_a_quarter_hour_of_closed_markets_is_not_due():
    one = judge(Contribution(), START + timedelta(days=7), schedule=Schedule(hours=CURRENCIES))
    assert sum(tally.success.of for tally in one.days.values()) == 5 * 24 * 4


def test_a_broker_that_is_asked_more_seldom_owes_no_quarter_hours():
    schedule = Schedule(period=timedelta(hours=1))
    assert judge(Contribution(), START + timedelta(days=1), schedule=schedule).days == {}


def test_nothing_is_due_while_the_account_waits_for_its_user():
    paused = START + timedelta(minutes=20)
    one = judge(Contribution(), START + timedelta(hours=1), due_until=paused)
    resumed = judge(one, START + timedelta(hours=2))
    assert one.days[date(2020, 5, 27)].success.of == 1
    assert sum(tally.success.of for tally in resumed.days.values()) == 5


def test_days_older_than_those_kept_are_forgotten():
    one = folded([run(1), run(8)])
    assert set(one.since(date(2020, 5, 28)).days) == {date(2020, 5, 28)}


def test_five_weeks_are_kept():
    assert first_day(to_micros(START)) == date(2020, 4, 22)
