from datetime import date

import pytest

from infra.fit import sessions as generator
from shared.market.registry import load_instruments
from shared.market.sessions import is_session, session_close

# pandas and the calendar library warn about each other's future; that is not ours to fix
pytestmark = pytest.mark.filterwarnings(
    "ignore::Warning:pandas", "ignore::Warning:exchange_calendars"
)


def test_the_committed_table_is_what_the_generator_writes():
    assert generator.build() == generator.TABLE.read_text(encoding="utf-8")


def test_every_stock_session_closes_when_the_library_says():
    import exchange_calendars as xc

    spy = load_instruments()["SPY"]
    schedule = xc.get_calendar("XNYS", start="2011-01-03", end="2027-06-30").schedule
    closes = {stamp.date(): close.to_pydatetime() for stamp, close in schedule["close"].items()}
    assert all(session_close(spy, day) == close for day, close in closes.items())
    assert not is_session(spy, date(2018, 12, 5))  # the mourning day that no rule predicts
