from datetime import UTC, date, datetime

import pytest

from shared.forecast.recalibration import closed_month, recalibrated
from shared.forecast.vintages import Vintage
from tests.unit.forecast.test_vintages import vintage

MONTHS = {
    "2019-12": {"SPY": (500, 0, 0)},
    "2020-01": {"SPY": (1, 2, 3)},
    "2020-02": {"SPY": (10, 0, 0), "GC": (0, 0, 7)},
}


def at(year: int, month: int, day: int) -> Vintage:
    return recalibrated(vintage(), MONTHS, datetime(year, month, day, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    ("today", "month"),
    [
        (date(2020, 2, 7), "2019-12"),
        (date(2020, 2, 8), "2020-01"),
        (date(2020, 2, 29), "2020-01"),
        (date(2020, 3, 8), "2020-02"),
    ],
)
def test_a_month_closes_a_week_after_its_end(today, month):
    assert closed_month(today) == month


def test_a_month_that_the_table_may_have_seen_is_not_counted_twice():
    assert at(2020, 2, 8).instruments["SPY"] == (21, 32, 53)


def test_a_month_that_has_not_closed_changes_nothing():
    assert at(2020, 2, 7) == vintage()


def test_later_months_add_up_by_instrument_and_in_the_pool():
    table = at(2020, 3, 8)
    assert table.instruments == {"SPY": (31, 32, 53), "GC": (0, 0, 7)}
    assert table.pooled == (41, 32, 50)


def test_the_logistic_stays_as_it_was_fitted():
    assert at(2020, 3, 8).slopes == vintage().slopes


def test_the_id_names_the_table_and_the_months_that_were_added():
    assert at(2020, 2, 8).id == "2020-01+2020-01"
    assert at(2020, 3, 8).id == "2020-01+2020-01..2020-02"


def test_a_month_that_lacks_is_not_named_as_added():
    months = {m: {"SPY": (1, 0, 0)} for m in ("2020-01", "2020-03", "2020-04", "2020-12")}
    table = recalibrated(vintage(), months, datetime(2021, 2, 8, 21, tzinfo=UTC))
    assert table.id == "2020-01+2020-01,2020-03..2020-04,2020-12"
