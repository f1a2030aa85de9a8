from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from shared.domain.errors import NotFound
from shared.forecast import vintages
from shared.forecast.predictors import PREDICTORS
from shared.forecast.vintages import Slope, Vintage, load_vintages, vintage_for
from shared.market.registry import load_instruments

NAMES = ("regime",)


def vintage(dated="2020-01-01", **changes):
    fields = {
        "id": dated[:7],
        "dated": dated,
        "fitted_until": "2019-12-24",
        "data": {},
        "inputs": "",
        "climatology_weight": 100,
        "share": 0.3,
        "penalty": 100.0,
        "pooled": (30, 30, 40),
        "instruments": {"SPY": (20, 30, 50)},
        "intercepts": (0.0, 0.0),
        "slopes": {"regime": Slope(mean=1.0, sd=2.0, bear=0.5, bull=0.5)},
    }
    return Vintage.model_validate(fields | changes)


def test_a_forecast_uses_the_newest_table_dated_by_its_as_of(monkeypatch):
    tables = (vintage("2020-01-01"), vintage("2020-07-01"))
    monkeypatch.setattr(vintages, "load_vintages", lambda: tables)
    assert vintage_for(datetime(2020, 6, 30, 23, tzinfo=UTC)).id == "2020-01"
    assert vintage_for(datetime(2020, 7, 1, tzinfo=UTC)).id == "2020-07"
    assert vintage_for(datetime(2026, 1, 1, tzinfo=UTC)).id == "2020-07"


def test_a_day_before_every_table_has_none():
    with pytest.raises(NotFound, match="2018-01-01"):
        vintage_for(datetime(2017, 12, 31, 23, tzinfo=UTC))


def test_there_is_a_table_for_every_half_year_from_2018_on():
    half_years = [date(y, m, 1) for y in range(2018, 2024) for m in (1, 7)] + [date(2024, 1, 1)]
    assert [v.dated for v in load_vintages()] == half_years


@pytest.mark.parametrize("table", load_vintages(), ids=lambda v: v.id)
def test_no_committed_table_saw_a_label_of_the_week_before_its_date(table):
    # the last day whose labels may enter ends seven days before the table's date
    assert table.fitted_until + timedelta(days=1) <= table.dated - timedelta(days=7)


@pytest.mark.parametrize("table", load_vintages(), ids=lambda v: v.id)
def test_every_table_knows_all_instruments_and_only_known_predictors(table):
    assert set(table.instruments) == set(load_instruments())
    assert set(table.slopes) <= {p.name for p in PREDICTORS}
    assert sum(map(sum, table.instruments.values())) == sum(table.pooled)


def test_events_have_no_weight_before_the_calendar_begins():
    first = load_vintages()[0]
    assert {"events", "prices", "payrolls", "central_bank"}.isdisjoint(first.slopes)
    assert "events" in load_vintages()[-1].slopes


def test_base_rates_are_shrunk_to_the_pooled_ones_by_their_weight():
    rates = vintage().base_rates("SPY")  # 100 days against a weight of 100: half way
    assert (rates.bear, rates.neutral, rates.bull) == (0.25, 0.3, 0.45)


def test_a_market_that_was_never_fitted_gets_the_pooled_rates():
    rates = vintage().base_rates("XYZ")
    assert (rates.bear, rates.neutral, rates.bull) == (0.3, 0.3, 0.4)


def test_an_ordinary_day_gives_the_base_rates():
    assert vintage().chances("SPY", np.array([1.0]), NAMES) == vintage().base_rates("SPY")


def test_a_missing_number_counts_as_an_ordinary_one():
    assert vintage().chances("SPY", np.array([np.nan]), NAMES) == vintage().base_rates("SPY")


def test_the_logistic_has_three_tenths_of_the_say():
    # one standard deviation: bear and bull 0.5 in log-odds above Neutral
    odds = np.array([0.25 * np.exp(0.5), 0.3, 0.45 * np.exp(0.5)])
    expected = 0.7 * np.array([0.25, 0.3, 0.45]) + 0.3 * odds / odds.sum()
    found = vintage().chances("SPY", np.array([3.0]), NAMES)
    assert (found.bear, found.bull) == (round(expected[0], 4), round(expected[2], 4))


def test_a_day_beyond_all_experience_moves_no_more_than_three_standard_deviations():
    far = vintage().chances("SPY", np.array([1e6]), NAMES)
    assert far == vintage().chances("SPY", np.array([7.0]), NAMES)
