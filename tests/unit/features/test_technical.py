import statistics
from dataclasses import replace
from datetime import date

import pytest

from shared.features import technical
from shared.features.definitions import Missing
from tests.open_market import daily_series, inputs_of, open_inputs


def test_a_mean_its_slope_and_its_distance_belong_together():
    closes = [100.0 + i for i in range(60)]
    values = technical.compute(inputs_of(daily_series(closes)))
    assert values["sma20"] == pytest.approx(statistics.fmean(closes[-20:]))
    assert values["sma20_slope"] == pytest.approx(5 / 2)  # five points in five days, ATR 2
    assert values["sma20_distance"] == pytest.approx(9.5 / 2)


def test_a_long_mean_without_history_says_what_it_needs():
    values = technical.compute(inputs_of(daily_series([100.0 + i for i in range(60)])))
    assert values["sma200"] == Missing("205 daily bars are needed, 60 are at hand")


def test_donchian_places_the_close_in_the_range_of_twenty_days():
    values = technical.compute(inputs_of(daily_series([100.0] * 39 + [110.0], spread=1.0)))
    assert values["donchian20"] == pytest.approx((110 - 99) / (111 - 99))


def test_the_nearest_pivots_frame_the_close():
    closes = [100.0] * 30 + [101, 102, 120, 102, 101, 100, 99, 80, 99, 100, 101, 100]
    values = technical.compute(inputs_of(daily_series(closes, spread=1.0)))
    assert (values["resistance"], values["support"]) == (121.0, 79.0)


def test_a_top_of_two_days_ago_is_no_pivot_yet():
    closes = [100.0 + i % 2 / 10 for i in range(40)] + [101, 102, 120, 102, 101]
    values = technical.compute(inputs_of(daily_series(closes, spread=1.0)))
    assert isinstance(values["resistance"], Missing)
    assert "resistance" not in {
        level.name for level in technical.levels(inputs_of(daily_series(closes)), 2)
    }


def test_the_prior_week_is_the_last_one_that_is_over():
    closes = [100.0] * 40 + [110.0, 120.0, 115.0, 90.0, 100.0] + [101.0, 102.0]
    series = daily_series(closes, start=date(2020, 1, 6))  # a Monday: weeks of five
    values = technical.compute(inputs_of(series))
    assert (values["prior_week_high"], values["prior_week_low"]) == (121.0, 89.0)


def test_the_prior_month_is_the_last_one_that_is_over():
    closes = [100.0] * 40 + [110.0, 120.0, 90.0, 105.0]
    series = daily_series(closes, start=date(2020, 1, 6))  # ends on Thursday 2020-03-05
    values = technical.compute(inputs_of(series))
    names = ("prior_month_high", "prior_month_low", "prior_month_close")
    assert [values[name] for name in names] == [101.0, 99.0, 100.0]


def test_a_level_comes_with_its_touches_its_age_and_its_score():
    closes = [100.0] * 30 + [101, 102, 120, 102, 101, 100, 99, 80, 99, 100, 101, 100]
    values = technical.compute(inputs_of(daily_series(closes, spread=1.0)))
    assert (values["resistance_touches"], values["resistance_age"]) == (1, 9)
    assert values["resistance_score"] == pytest.approx(1 - 9 / 20)


def test_the_levels_hold_the_last_days_high_low_and_close():
    found = {x.name: x.price for x in technical.levels(open_inputs("SPY"), 2)}
    assert (found["prior_high"], found["prior_low"], found["prior_close"]) == (
        306.83, 302.26, 302.97,
    )  # fmt: skip


def test_prices_that_stand_still_have_no_scale_to_be_measured_by():
    values = technical.compute(inputs_of(daily_series([5.0] * 60, spread=0.0)))
    assert set(values.values()) == {Missing("prices did not move in the last sessions")}


def test_a_pause_after_movement_leaves_the_range_without_a_place():
    moving = daily_series([100.0 + i % 5 for i in range(40)])
    still = daily_series([100.0 + i % 5 for i in range(40)] + [100.0] * 20)
    bars = [replace(b, high=100.0, low=100.0) for b in still.bars[-20:]]
    series = replace(moving, bars=(*still.bars[:40], *bars))
    values = technical.compute(inputs_of(series))
    assert values["donchian20"] == Missing("the 20 sessions had no range")
