from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.sync.service_level import (
    Completeness,
    DayTally,
    RunCounts,
    ServiceLevel,
    Share,
    freshness,
)
from shared.journal.coverage import DayCoverage, DayState
from shared.journal.service_levels.contribution import Contribution
from shared.journal.service_levels.totals import AccountLevel, Totals

NOW = datetime(2020, 5, 28, 14, tzinfo=UTC)  # the 27th is due, and nothing later
TODAY, DUE = date(2020, 5, 28), date(2020, 5, 27)
COMPLETE, GAP = (DayCoverage(state, 0, 1) for state in (DayState.COMPLETE, DayState.GAP))


def account(**changes) -> AccountLevel:
    fields = {
        "broker": "alpaca",
        "contribution": Contribution(),
        "covered": {},
        "known_since": DUE,
        "complete_until": NOW - timedelta(minutes=5),
        "resting_since": None,
    }
    return AccountLevel(**{**fields, **changes})


def level(day, *accounts, before=None) -> ServiceLevel:
    totals = Totals(NOW)
    for one in accounts:
        totals.add(one)
    return ServiceLevel.model_validate(totals.body("alpaca", day, before)["level"])


tallies = st.builds(
    DayTally, st.integers(0, 15), st.integers(0, 15), st.builds(RunCounts, closed=st.integers(0, 9))
)
accounts = st.builds(
    account,
    contribution=st.builds(Contribution, days=st.dictionaries(st.just(DUE), tallies)),
    covered=st.dictionaries(st.just(DUE), st.sampled_from([COMPLETE, GAP])),
    complete_until=st.none() | st.integers(0, 9).map(lambda n: NOW - timedelta(hours=n)),
)


@given(st.lists(accounts, max_size=6).flatmap(lambda some: st.tuples(*[st.permutations(some)] * 2)))
def test_the_order_of_accounts_is_all_one(orders):
    one, other = orders
    for day in (DUE, TODAY):
        assert level(day, *one) == level(day, *other)


def test_each_due_day_of_an_account_is_complete_a_gap_or_unknown():
    found = level(DUE, account(covered={DUE: COMPLETE}), account(covered={DUE: GAP}), account())
    assert found.completeness == Completeness(days=Share(part=1, of=3), gap=1, unknown=1)


def test_a_day_that_is_not_over_is_not_due():
    assert level(TODAY, account(covered={TODAY: COMPLETE})).completeness.days.of == 0


def test_a_day_before_anything_was_asked_for_is_not_due():
    assert level(date(2020, 5, 26), account()).completeness.days.of == 0


def test_a_backfilled_day_is_due_though_the_account_was_not_yet_known():
    day = date(2020, 5, 25)
    found = level(date(2020, 5, 26), account(covered={day: COMPLETE}))
    assert (found.completeness.days.of, found.completeness.unknown) == (1, 1)


def test_what_nobody_read_while_the_user_was_waited_for_is_not_held_against_the_broker():
    asleep = datetime(2020, 5, 27, 9, tzinfo=UTC)
    assert level(DUE, account(resting_since=asleep)).completeness.days.of == 0
    assert level(DUE, account(resting_since=asleep, covered={DUE: GAP})).completeness.gap == 1


def test_a_past_day_keeps_the_freshness_that_it_ended_with():
    ended = freshness(NOW - timedelta(days=1), [timedelta(minutes=9)], never=0, resting=0)
    before = {"level": {"freshness": ended.model_dump(mode="json")}}
    assert level(DUE, account(), before=before).freshness == ended


def test_an_account_without_any_complete_instant_is_in_no_age():
    found = level(TODAY, account(), account(complete_until=None)).freshness
    assert (found.accounts, found.never, found.worst_s) == (1, 1, 300)
