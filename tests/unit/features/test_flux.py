from dataclasses import replace

import pytest

from shared.features import flux
from shared.features.definitions import Missing
from tests.open_market import daily_series, inputs_of, open_inputs


def test_hourly_bars_make_the_profile_where_they_cover_its_sessions():
    assert flux.compute(open_inputs("SPY"))["profile_basis"] == "volume, hourly bars"
    assert flux.compute(open_inputs("GBPUSD"))["profile_basis"] == "tick volume, hourly bars"
    assert flux.compute(open_inputs("EURUSD"))["profile_basis"] == "tick volume, 4-hour bars"


def test_daily_bars_make_it_where_one_session_has_no_hours():
    inputs = open_inputs("SPY")
    missed = inputs.daily.until(inputs.as_of).bars[-5].session
    hourly = replace(
        inputs.hourly, bars=tuple(b for b in inputs.hourly.bars if b.session != missed)
    )
    values = flux.compute(replace(inputs, hourly=hourly))
    assert values["profile_basis"] == "volume, daily bars"


@pytest.mark.parametrize("volume_kind", ["none", "units"])
def test_without_volume_the_profile_counts_time_and_says_so(volume_kind):
    series = daily_series([100.0 + i % 7 for i in range(80)], volume=None, volume_kind=volume_kind)
    values = flux.compute(inputs_of(series))
    assert values["profile_basis"] == "time at price, daily bars (no usable volume)"
    assert isinstance(values["poc"], float)
    assert values["volume_z60"] == Missing("no usable volume in the last 61 sessions")


def test_time_at_price_ignores_a_volume_that_means_nothing():
    series = daily_series([100.0] * 19 + [200.0], volume_kind="none")
    heavy = replace(series.bars[-1], volume=1e9)
    values = flux.compute(inputs_of(replace(series, bars=(*series.bars[:-1], heavy))))
    assert values["poc"] < 110


@pytest.mark.parametrize(("close", "expected"), [(11.0, 1.0), (9.0, -1.0), (10.0, 0.0)])
def test_the_close_location_runs_from_low_to_high(close, expected):
    series = daily_series([10.0] * 20)
    last = replace(series.bars[-1], close=close)
    values = flux.compute(inputs_of(replace(series, bars=(*series.bars[:-1], last))))
    assert values["close_location"] == expected


def test_volume_is_compared_with_the_sixty_sessions_before_it():
    series = daily_series([100.0 + i % 3 for i in range(61)])
    bars = [replace(b, volume=float(10 + i % 2)) for i, b in enumerate(series.bars)]
    bars[-1] = replace(bars[-1], volume=13.0)
    values = flux.compute(inputs_of(replace(series, bars=tuple(bars))))
    assert values["volume_z60"] == pytest.approx(2.5 / (15 / 59) ** 0.5)


def test_the_levels_are_the_features():
    inputs = open_inputs("SPY")
    values = flux.compute(inputs)
    found = {level.name: level.price for level in flux.levels(inputs, 2)}
    names = ("poc", "val", "vah", "session_poc", "session_val", "session_vah")
    assert found == {name: round(values[name], 2) for name in names}


def test_without_bars_within_the_day_only_the_sessions_own_numbers_are_missing():
    values = flux.compute(inputs_of(daily_series([100.0 + i % 7 for i in range(80)])))
    missing = {name for name, value in values.items() if isinstance(value, Missing)}
    assert missing == {
        *("session_poc", "session_val", "session_vah", "session_vwap", "session_vwap_distance"),
        *("session_vwap_low1", "session_vwap_high1", "session_vwap_low2", "session_vwap_high2"),
        "volume_z60",  # the invented volume does not vary
    }
    assert values["vwap_basis"] == "volume, daily bars"


def test_the_week_begins_its_mean_anew():
    series = daily_series([50.0] * 25 + [100.0, 110.0], spread=0.0)  # Monday, Tuesday
    values = flux.compute(inputs_of(series))
    assert values["week_vwap"] == pytest.approx(105.0)
    assert values["week_vwap_high1"] == pytest.approx(110.0)
    assert values["week_vwap_low2"] == pytest.approx(95.0)
    assert isinstance(values["week_vwap_distance"], Missing)  # two days have no deviation


def test_a_close_is_placed_in_deviations_from_the_weeks_mean():
    series = daily_series([50.0] * 25 + [100.0, 110.0, 100.0, 110.0], spread=0.0)
    assert flux.compute(inputs_of(series))["week_vwap_distance"] == pytest.approx(1.0)


def test_estimated_pressure_needs_volume_and_says_so():
    series = daily_series([100.0 + i % 7 for i in range(80)], volume=None)
    values = flux.compute(inputs_of(series))
    assert values["cmf20"] == Missing("no usable volume in the last 21 sessions")


def test_a_month_of_rising_days_is_all_buying_pressure():
    values = flux.compute(inputs_of(daily_series([100.0 + i for i in range(40)])))
    assert values["pressure_tick20"] == 1.0
    assert values["obv_slope20"] == pytest.approx(1.0)
    assert values["mfi14"] == 100.0


def test_too_few_sessions_have_no_profile_and_no_levels():
    inputs = inputs_of(daily_series([1.0] * 19))
    assert isinstance(flux.compute(inputs)["poc"], Missing)
    assert flux.levels(inputs, 2) == ()
