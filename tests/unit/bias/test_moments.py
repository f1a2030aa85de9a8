from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from shared.bias.moments import current_occasion, event_moments
from shared.domain.bias import Moment
from shared.domain.market.events import CalendarEvent, Impact
from shared.market.registry import load_instruments

FRIDAY, MONDAY = date(2020, 5, 29), date(2020, 6, 1)


@pytest.mark.parametrize(
    ("symbol", "at", "session", "moment"),
    [
        ("SPY", datetime(2020, 5, 28, 20, 1, tzinfo=UTC), FRIDAY, Moment.CLOSE),
        ("SPY", datetime(2020, 5, 29, 11, 59, tzinfo=UTC), FRIDAY, Moment.CLOSE),
        ("SPY", datetime(2020, 5, 29, 12, 0, tzinfo=UTC), FRIDAY, Moment.PRE_OPEN),
        ("SPY", datetime(2020, 5, 29, 19, 59, tzinfo=UTC), FRIDAY, Moment.PRE_OPEN),
        ("SPY", datetime(2020, 5, 29, 20, 0, tzinfo=UTC), MONDAY, Moment.CLOSE),
        ("ES", datetime(2020, 5, 31, 23, 0, tzinfo=UTC), MONDAY, Moment.CLOSE),
        ("BTCUSD", datetime(2020, 5, 30, 1, 0, tzinfo=UTC), date(2020, 5, 30), Moment.CLOSE),
        # in winter New York's eight o'clock is an hour later in UTC
        ("SPY", datetime(2020, 1, 15, 12, 30, tzinfo=UTC), date(2020, 1, 15), Moment.CLOSE),
        ("SPY", datetime(2020, 1, 15, 13, 0, tzinfo=UTC), date(2020, 1, 15), Moment.PRE_OPEN),
    ],
)
def test_each_instant_has_one_session_and_one_moment(symbol, at, session, moment):
    occasion = current_occasion(load_instruments()[symbol], at)
    assert (occasion.session, occasion.moment) == (session, moment)


def event(at: datetime, *, currency: str = "USD", impact: Impact = Impact.HIGH) -> CalendarEvent:
    return CalendarEvent(at=at, currency=currency, impact=impact, title="CPI", source="test")


def moment_of(now: datetime, *events: CalendarEvent) -> tuple[Moment, datetime | None]:
    occasion = current_occasion(load_instruments()["SPY"], now, events)
    return occasion.moment, occasion.began


CPI = datetime(2020, 5, 29, 12, 30, tzinfo=UTC)
SETTLED = CPI + timedelta(minutes=15)


def test_a_quarter_of_an_hour_after_a_high_event_its_moment_begins():
    assert moment_of(SETTLED - timedelta(seconds=1), event(CPI)) == (Moment.PRE_OPEN, None)
    assert moment_of(SETTLED, event(CPI)) == (Moment.EVENT, SETTLED)


@pytest.mark.parametrize(
    "other",
    [event(CPI, impact=Impact.MEDIUM), event(CPI, currency="NZD")],
    ids=["less than High", "another currency"],
)
def test_other_events_have_no_moment(other):
    assert moment_of(SETTLED, other) == (Moment.PRE_OPEN, None)


def test_the_open_follows_an_event_of_the_night():
    night = datetime(2020, 5, 29, 6, 0, tzinfo=UTC)
    assert moment_of(datetime(2020, 5, 29, 7, 0, tzinfo=UTC), event(night))[0] is Moment.EVENT
    assert moment_of(datetime(2020, 5, 29, 12, 5, tzinfo=UTC), event(night))[0] is Moment.PRE_OPEN


def test_releases_of_one_morning_are_one_moment():
    later = event(CPI + timedelta(minutes=90))
    assert moment_of(SETTLED + timedelta(hours=2), event(CPI), later) == (Moment.EVENT, SETTLED)


def test_a_session_has_at_most_three_moments_after_events():
    spy = load_instruments()["SPY"]
    events = [event(datetime(2020, 5, 29, hour, tzinfo=UTC)) for hour in range(20)]
    found = event_moments(spy, FRIDAY, events)
    assert len(found) == 3
    assert all(later - earlier >= timedelta(hours=2) for earlier, later in pairwise(found))


def test_an_event_of_another_session_has_no_moment_in_this_one():
    assert moment_of(SETTLED, event(CPI - timedelta(days=1)))[0] is Moment.PRE_OPEN
