import math

import numpy as np
import pytest

from shared.features.estimates import pressure


def test_on_balance_volume_adds_rising_and_subtracts_falling_days():
    found = pressure.obv(np.array([10.0, 11, 11, 9]), np.array([1.0, 2, 4, 8]))
    assert found.tolist() == [1, 3, 3, -5]


def test_a_slope_is_that_of_the_line_through_the_values():
    assert pressure.slope(np.array([1.0, 3, 5, 7])) == pytest.approx(2.0)


def test_a_close_is_placed_between_minus_one_and_one_and_a_flat_bar_in_the_middle():
    high, low = np.array([11.0, 11, 11, 5]), np.array([9.0, 9, 9, 5])
    found = pressure.close_location(high, low, np.array([11.0, 9, 10, 5]))
    assert found.tolist() == [1, -1, 0, 0]


def test_money_flow_compares_rising_with_falling_turnover():
    typical, volume = np.array([10.0, 12, 10, 10]), np.array([9.0, 5, 2, 7])
    assert pressure.money_flow(typical, volume) == pytest.approx(100 * 60 / 80)
    assert math.isnan(pressure.money_flow(np.full(4, 3.0), volume))


def test_the_tick_rule_weighs_each_change_by_its_volume():
    found = pressure.tick_rule(np.array([10.0, 11, 10, 10]), np.array([0.0, 6, 2, 2]))
    assert found == pytest.approx((6 - 2) / 10)


def test_bulk_classification_splits_by_the_normal_distribution():
    close = np.array([10.0, 11, 10, 11, 10])
    sd = np.diff(close).std(ddof=1)
    tilt = math.erf(1 / sd / math.sqrt(2))
    found = pressure.bulk_classification(close, np.array([9.0, 3, 1, 3, 1]))
    assert found == pytest.approx(tilt * (3 - 1 + 3 - 1) / 8)
    assert math.isnan(pressure.bulk_classification(np.arange(5.0), np.ones(5)))


def test_a_weighted_price_has_a_weighted_deviation():
    mean, sd = pressure.vwap(np.array([10.0, 20]), np.array([3.0, 1]))
    assert mean == pytest.approx(12.5)
    assert sd == pytest.approx(math.sqrt((3 * 2.5**2 + 7.5**2) / 4))
    assert math.isnan(pressure.vwap(np.array([10.0]), np.array([0.0]))[0])
