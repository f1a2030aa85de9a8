from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from shared.domain.market.events import CalendarEvent, Impact
from shared.features import macro
from shared.features.definitions import Missing
from tests.open_market import REPLAY, open_inputs


def event(at, title="GDP", impact=Impact.HIGH, currency="USD"):
    return CalendarEvent(at=at, currency=currency, impact=impact, title=title, source="test")


def compute(*events, symbol="SPY"):
    return macro.compute(replace(open_inputs(symbol), events=events))


def test_the_hours_to_the_next_high_event_count_from_the_as_of():
    values = compute(event(REPLAY + timedelta(hours=30)), event(REPLAY + timedelta(hours=2.5)))
    assert values["hours_to_high"] == 2.5
    assert values["next_high"] == "USD GDP"


def test_an_event_of_this_very_instant_is_not_ahead():
    assert isinstance(compute(event(REPLAY))["hours_to_high"], Missing)


def test_an_event_of_another_currency_does_not_count():
    at = REPLAY + timedelta(hours=2)
    assert compute(event(at, currency="JPY"))["high_today"] == 0
    assert compute(event(at, currency="JPY"), symbol="6J")["high_today"] == 1
    assert compute(event(at, currency="All"))["high_today"] == 1


def test_today_ends_with_the_sessions_close_and_tomorrow_begins_there():
    close = datetime.fromisoformat("2020-05-29T16:00:00-04:00")
    values = compute(event(close), event(close + timedelta(minutes=1)))
    assert (values["high_today"], values["high_tomorrow"]) == (1, 1)


def test_an_event_after_yesterdays_close_belongs_to_today():
    evening = datetime.fromisoformat("2020-05-28T16:00:00-04:00")
    values = compute(event(evening), event(evening + timedelta(seconds=1)))
    assert values["high_today"] == 1


@pytest.mark.parametrize(
    ("title", "flag"),
    [
        ("CPI y/y", "cpi_today"),
        ("Core CPI m/m", "cpi_today"),
        ("Nonfarm payrolls (Employment Situation)", "payrolls_today"),
        ("Non-Farm Employment Change", "payrolls_today"),
    ],
)
def test_a_title_raises_its_flag_and_no_other(title, flag):
    values = compute(event(REPLAY + timedelta(hours=1), title))
    flags = {name for name in values if name.endswith("_today") and values[name] == 1}
    assert flags == {flag, "high_today"}


@pytest.mark.parametrize(
    ("title", "currency"),
    [("ADP Non-Farm Employment Change", "USD"), ("Non-Farm Employment Change", "All")],
)
def test_a_count_that_is_not_the_official_one_raises_no_flag(title, currency):
    values = compute(event(REPLAY + timedelta(hours=1), title, currency=currency))
    assert (values["payrolls_today"], values["high_today"]) == (0, 1)


@pytest.mark.parametrize(
    ("symbol", "currency", "title", "flag"),
    [
        ("SPY", "USD", "FOMC statement", "fomc_today"),
        ("SPY", "USD", "Federal Funds Rate", "fomc_today"),
        ("EURUSD", "EUR", "ECB monetary policy decision", "ecb_today"),
        ("EURUSD", "EUR", "Main Refinancing Rate", "ecb_today"),
        ("GBPUSD", "GBP", "Bank of England Bank Rate decision", "boe_today"),
        ("GBPUSD", "GBP", "Official Bank Rate", "boe_today"),
        ("USDJPY", "JPY", "Bank of Japan policy statement", "boj_today"),
        ("USDJPY", "JPY", "BOJ Policy Rate", "boj_today"),
    ],
)
def test_a_banks_decision_raises_its_own_flag_and_that_of_all_banks(symbol, currency, title, flag):
    values = compute(event(REPLAY + timedelta(hours=1), title, currency=currency), symbol=symbol)
    flags = {name for name in values if name.endswith("_today") and values[name] == 1}
    assert flags == {flag, "central_bank_today", "high_today"}


def test_a_speech_is_no_decision():
    assert compute(event(REPLAY, "Fed Chair Powell speaks"))["central_bank_today"] == 0


def test_a_holiday_counts_on_its_own_date():
    day = datetime.fromisoformat("2020-05-29T00:00:00+00:00")
    assert compute(event(day, "Holiday", Impact.HOLIDAY))["holiday_today"] == 1
    assert compute(event(day + timedelta(days=1), "x", Impact.HOLIDAY))["holiday_today"] == 0


def test_without_a_calendar_every_number_says_so():
    values = macro.compute(replace(open_inputs("SPY"), events=None))
    assert set(values.values()) == {Missing("no economic calendar was known at the as-of")}


def test_an_empty_calendar_has_no_events_today():
    assert compute()["medium_today"] == 0
