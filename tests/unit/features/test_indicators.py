"""Each indicator against a slow, independent reading of its definition, and closed forms."""

import math
import statistics

import numpy as np
import pytest

from shared.features import indicators


def slow_true_ranges(high, low, close):
    return [
        max(h - lo, abs(h - before), abs(lo - before))
        for h, lo, before in zip(high[1:], low[1:], close[:-1], strict=True)
    ]


def slow_wilder(values, period):
    """`values` without the undefined first one; the answer begins `period` bars into the series."""
    smooth = [sum(values[:period]) / period]
    for value in values[period:]:
        smooth.append(smooth[-1] + (value - smooth[-1]) / period)
    return smooth


def test_atr_is_wilders_mean_of_the_true_range(spy):
    expected = slow_wilder(slow_true_ranges(spy["high"], spy["low"], spy["close"]), 14)
    found = indicators.atr(spy["high"], spy["low"], spy["close"])
    assert np.isnan(found[:14]).all()
    assert found[14:] == pytest.approx(expected, abs=1e-12)


def test_atr_of_bars_of_one_size_is_that_size():
    close = np.full(40, 100.0)
    assert indicators.atr(close + 1, close - 1, close)[-1] == pytest.approx(2.0)


def test_true_range_of_a_gap_reaches_back_to_the_close_before():
    found = indicators.true_range(np.array([10.0, 21]), np.array([9.0, 20]), np.array([9.5, 20.5]))
    assert found[1] == 11.5


def test_rsi_compares_wilders_gains_and_losses(spy):
    changes = [b - a for a, b in zip(spy["close"], spy["close"][1:], strict=False)]
    gains = slow_wilder([max(c, 0) for c in changes], 14)
    losses = slow_wilder([max(-c, 0) for c in changes], 14)
    expected = [100 - 100 / (1 + g / x) for g, x in zip(gains, losses, strict=True)]
    assert indicators.rsi(spy["close"])[14:] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("step", "expected"), [(1.0, 100.0), (-1.0, 0.0), (0.0, 50.0)])
def test_rsi_of_a_straight_line_stands_at_its_end(step, expected):
    assert indicators.rsi(100 + step * np.arange(30))[-1] == expected


def test_sma_is_the_mean_of_the_last_values(spy):
    expected = [statistics.fmean(spy["close"][i - 49 : i + 1]) for i in range(49, 300)]
    found = indicators.sma(spy["close"], 50)
    assert np.isnan(found[:49]).all()
    assert found[49:] == pytest.approx(expected, abs=1e-9)


def slow_ema(values, period, start):
    level = statistics.fmean(values[start - period + 1 : start + 1])
    levels = [level]
    for value in values[start + 1 :]:
        level = value * 2 / (period + 1) + level * (1 - 2 / (period + 1))
        levels.append(level)
    return levels


def test_macd_seeds_both_means_where_the_slow_one_can_start(spy):
    close = spy["close"].tolist()
    line = [f - s for f, s in zip(slow_ema(close, 12, 25), slow_ema(close, 26, 25), strict=True)]
    signal = slow_ema(line, 9, 8)
    found_line, found_signal = indicators.macd(spy["close"])
    assert found_line[25:] == pytest.approx(line, abs=1e-9)
    assert np.isnan(found_signal[:33]).all()
    assert found_signal[33:] == pytest.approx(signal, abs=1e-9)


def test_bollinger_bands_stand_two_population_deviations_from_the_mean(spy):
    lower, upper = indicators.bollinger(spy["close"])
    last = spy["close"][-20:].tolist()
    half = 2 * statistics.pstdev(last)
    assert (lower[-1], upper[-1]) == pytest.approx(
        (statistics.fmean(last) - half, statistics.fmean(last) + half)
    )


def test_a_market_that_only_rises_has_all_direction_upward():
    close = 100.0 + np.arange(60)
    adx, plus, minus = indicators.directional(close + 1, close - 1, close)
    assert (adx[-1], minus[-1]) == (100.0, 0.0)
    assert plus[-1] == pytest.approx(50.0)  # a rise of 1 in a true range of 2


def test_percentile_rank_counts_the_values_below_and_half_the_ties():
    assert indicators.percentile_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 5) == 1.0
    assert indicators.percentile_rank(np.array([5.0, 2.0, 3.0, 4.0, 1.0]), 5) == 0.0
    assert indicators.percentile_rank(np.array([7.0, 7.0, 7.0, 7.0, 7.0]), 5) == 0.5
    assert math.isnan(indicators.percentile_rank(np.array([1.0]), 5))


def test_a_pivot_stands_above_its_neighbours_and_is_known_three_bars_later():
    values = np.array([1.0, 2, 3, 9, 3, 2, 1, 1])
    assert indicators.pivots(values) == [3]
    assert indicators.pivots(values[:6]) == []  # two bars after the top: not known yet
    assert indicators.pivots(values[:7]) == [3]


def test_a_plateau_is_no_pivot():
    assert indicators.pivots(np.array([1.0, 2, 3, 9, 9, 3, 2, 1])) == []


ROWS = {
    "true_range": lambda h, lo, c: indicators.true_range(h, lo, c),
    "atr": lambda h, lo, c: indicators.atr(h, lo, c),
    "rsi": lambda h, lo, c: indicators.rsi(c),
    "sma": lambda h, lo, c: indicators.sma(c, 20),
    "rolling_sd": lambda h, lo, c: indicators.rolling_sd(c, 20),
    "macd": lambda h, lo, c: indicators.macd(c)[0],
    "macd_signal": lambda h, lo, c: indicators.macd(c)[1],
    "adx": lambda h, lo, c: indicators.directional(h, lo, c)[0],
    "minus_di": lambda h, lo, c: indicators.directional(h, lo, c)[2],
    "bollinger": lambda h, lo, c: indicators.bollinger(c)[1],
    "momentum": lambda h, lo, c: indicators.momentum(c),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("count", [0, 1, 5, 14, 15, 61, 137])
def test_later_rows_never_change_an_earlier_value(spy, name, count):
    rows = [spy[k] for k in ("high", "low", "close")]
    whole = ROWS[name](*rows)
    part = ROWS[name](*(r[:count] for r in rows))
    assert part.tolist() == pytest.approx(whole[:count].tolist(), abs=1e-12, nan_ok=True)
