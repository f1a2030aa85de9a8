from datetime import UTC, date, datetime

import pytest

from shared.bias.moments import check_offered, current_occasion
from shared.domain.bias import Moment
from shared.domain.errors import InvalidInput
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


def test_a_moment_without_a_quota_is_not_offered():
    with pytest.raises(InvalidInput) as caught:
        check_offered(Moment.ON_REQUEST)
    assert caught.value.expected == ("close", "pre_open")
