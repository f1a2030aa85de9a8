"""Volatility estimators against closed forms: constant ranges, no drift, pure gaps."""

import math
import statistics

import numpy as np
import pytest

from shared.features.estimates import volatility
from shared.features.indicators import simple_returns

YEAR = math.sqrt(252) * 100


def test_realized_volatility_annualizes_simple_returns(spy):
    close = spy["close"]
    returns = [close[i] / close[i - 1] - 1 for i in range(280, 300)]
    expected = statistics.stdev(returns) * math.sqrt(252) * 100
    assert volatility.realized_volatility(close, 20)[-1] == pytest.approx(expected)


def test_realized_volatility_survives_a_negative_price():
    close = np.array([20.0] * 19 + [18.0, -37.63, 10.0])
    assert math.isfinite(volatility.realized_volatility(close, 20)[-1])


def test_parkinson_of_a_constant_range_has_a_closed_form():
    low = np.full(30, 100.0)
    expected = math.log(1.02) / math.sqrt(4 * math.log(2)) * math.sqrt(252) * 100
    assert volatility.parkinson_volatility(low * 1.02, low, 20)[-1] == pytest.approx(expected)


def test_parkinson_of_a_negative_price_is_undefined():
    assert math.isnan(volatility.parkinson_volatility(np.full(20, 1.0), np.full(20, -1.0), 20)[-1])


def test_the_regime_ratio_is_zero_when_short_and_long_volatility_are_equal():
    close = np.cumprod(np.where(np.arange(400) % 2, 1.01, 1 / 1.01))
    returns = simple_returns(close)
    expected = math.log(statistics.stdev(returns[-5:]) / statistics.stdev(returns[-60:]))
    assert volatility.regime_ratio(close)[-1] == pytest.approx(expected)


def test_garman_klass_of_a_constant_range_without_a_body_is_half_the_squared_range():
    flat = np.full(30, 100.0)
    found = volatility.garman_klass_volatility((flat, flat * 1.01, flat / 1.01, flat), 20)[-1]
    assert found == pytest.approx(2 * math.log(1.01) / math.sqrt(2) * YEAR)


def test_garman_klass_takes_the_body_off_the_range():
    opened = np.full(30, 100.0)
    close = opened * 1.02
    found = volatility.garman_klass_volatility((opened, close, opened, close), 20)[-1]
    squares = math.log(1.02) ** 2 * (0.5 - (2 * math.log(2) - 1))
    assert found == pytest.approx(math.sqrt(squares) * YEAR)


def test_yang_zhang_of_pure_gaps_is_their_standard_deviation():
    jumps = np.where(np.arange(30) % 2, 0.02, -0.01)
    price = 100 * np.exp(np.cumsum(jumps))
    found = volatility.yang_zhang_volatility((price, price, price, price), 20)[-1]
    assert found == pytest.approx(statistics.stdev(jumps[-20:].tolist()) * YEAR)


def test_yang_zhang_of_a_steady_drift_is_zero():
    """Each bar opens at the close before and rises by the same share, straight to its high."""
    close = 100 * 1.01 ** np.arange(1, 31)
    opened = close / 1.01
    found = volatility.yang_zhang_volatility((opened, close, opened, close), 20)[-1]
    assert found == pytest.approx(0.0, abs=1e-5)


def test_yang_zhang_of_a_constant_range_without_gap_and_body_is_its_rogers_satchell_part():
    flat = np.full(30, 100.0)
    found = volatility.yang_zhang_volatility((flat, flat * 1.01, flat / 1.01, flat), 20)[-1]
    k = 0.34 / (1.34 + 21 / 19)
    assert found == pytest.approx(math.sqrt((1 - k) * 2 * math.log(1.01) ** 2) * YEAR)


def test_four_estimators_agree_on_a_real_year(spy):
    prices = tuple(spy[k] for k in ("open", "high", "low", "close"))
    found = [
        volatility.realized_volatility(spy["close"], 250)[-1],
        volatility.parkinson_volatility(spy["high"], spy["low"], 250)[-1],
        volatility.garman_klass_volatility(prices, 250)[-1],
        volatility.yang_zhang_volatility(prices, 250)[-1],
    ]
    assert max(found) / min(found) < 1.6


def test_the_tail_is_the_worst_twentieth_of_days():
    returns = np.concatenate((np.linspace(-0.05, -0.01, 5), np.full(95, 0.001)))
    risk, shortfall, days = volatility.tail_risk(returns)
    assert (risk, shortfall, days) == (pytest.approx(0.01), pytest.approx(0.03), 5)


ROWS = {
    "realized": lambda o, h, lo, c: volatility.realized_volatility(c, 20),
    "parkinson": lambda o, h, lo, c: volatility.parkinson_volatility(h, lo, 20),
    "garman_klass": lambda o, h, lo, c: volatility.garman_klass_volatility((o, h, lo, c), 20),
    "yang_zhang": lambda o, h, lo, c: volatility.yang_zhang_volatility((o, h, lo, c), 20),
    "regime_ratio": lambda o, h, lo, c: volatility.regime_ratio(c),
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("count", [1, 5, 20, 21, 61, 137])
def test_later_rows_never_change_an_earlier_value(spy, name, count):
    rows = [spy[k] for k in ("open", "high", "low", "close")]
    whole = ROWS[name](*rows)
    part = ROWS[name](*(r[:count] for r in rows))
    assert part.tolist() == pytest.approx(whole[:count].tolist(), abs=1e-9, nan_ok=True)
