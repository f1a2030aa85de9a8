from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InvalidInput
from shared.market.registry import load_instruments
from shared.market.sessions import (
    is_session,
    next_session,
    previous_session,
    record_deadline,
    session_close,
    session_for,
    session_open,
)

INSTRUMENTS = load_instruments()
SPY, ES, EURUSD, BTC = (INSTRUMENTS[s] for s in ("SPY", "ES", "EURUSD", "BTCUSD"))

START = datetime(2012, 1, 1, tzinfo=UTC)


def at(text):
    return datetime.fromisoformat(text)


def test_a_sunday_evening_on_globex_belongs_to_monday():
    assert session_for(ES, at("2020-05-31T18:05:00-04:00")) == date(2020, 6, 1)


def test_an_hour_after_thursdays_close_the_session_is_friday():
    assert session_for(SPY, at("2020-05-28T17:00:00-04:00")) == date(2020, 5, 29)


def test_a_close_itself_already_belongs_to_the_next_session():
    assert session_for(SPY, at("2020-05-29T16:00:00-04:00")) == date(2020, 6, 1)


def test_spot_days_end_at_five_in_new_york_across_a_clock_change():
    assert session_close(EURUSD, date(2020, 3, 6)) == at("2020-03-06T22:00:00+00:00")
    assert session_close(EURUSD, date(2020, 3, 9)) == at("2020-03-09T21:00:00+00:00")


def test_mondays_spot_day_opens_on_sunday_even_when_the_clocks_changed_that_day():
    assert session_open(EURUSD, date(2020, 3, 9)) == at("2020-03-08T17:00:00-04:00")


def test_the_day_after_thanksgiving_closes_early():
    assert session_close(SPY, date(2019, 11, 29)) == at("2019-11-29T13:00:00-05:00")


def test_an_early_close_never_moves_a_close_later():
    noon = ES.hours.model_copy(update={"closes": timedelta(hours=12)})
    market = ES.model_copy(update={"hours": noon})  # Globex stops at 13:00 on this day
    assert session_close(market, date(2019, 11, 29)) == at("2019-11-29T12:00:00-05:00")


def test_a_bitcoin_day_ends_at_midnight_utc_and_weekends_count():
    assert session_close(BTC, date(2020, 5, 30)) == at("2020-05-31T00:00:00+00:00")


def test_the_session_after_a_friday_before_memorial_day_is_tuesday_for_stocks():
    assert next_session(SPY, date(2020, 5, 22)) == date(2020, 5, 26)
    assert previous_session(SPY, date(2020, 5, 26)) == date(2020, 5, 22)


def test_good_friday_is_no_session_of_stocks_but_one_of_spot_fx():
    assert not is_session(SPY, date(2020, 4, 10))
    assert is_session(EURUSD, date(2020, 4, 10))


def test_a_date_beyond_the_table_is_refused_with_the_range_it_covers():
    with pytest.raises(InvalidInput) as caught:
        is_session(SPY, date(2035, 1, 2))
    assert "2027" in caught.value.expected[0]


@pytest.mark.parametrize("symbol", list(INSTRUMENTS))
def test_a_forecast_of_record_fits_between_the_close_and_its_deadline(symbol):
    instrument = INSTRUMENTS[symbol]
    session = session_for(instrument, at("2020-05-29T08:15:00-04:00"))
    closed = session_close(instrument, previous_session(instrument, session))
    assert (
        closed
        < record_deadline(instrument, session)
        <= session_open(instrument, session) + timedelta(minutes=15)
    )


@given(
    st.sampled_from(list(INSTRUMENTS.values())),
    st.integers(0, 15 * 365 * 24 * 60).map(lambda m: START + timedelta(minutes=m)),
)
def test_the_session_of_an_instant_is_the_first_that_has_not_closed(instrument, instant):
    session = session_for(instrument, instant)
    assert is_session(instrument, session)
    assert session_close(instrument, session) > instant
    assert session_close(instrument, previous_session(instrument, session)) <= instant
