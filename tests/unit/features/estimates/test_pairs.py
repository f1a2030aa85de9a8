import math

import numpy as np
import pytest

from shared.features.estimates import pairs


def test_pairs_are_made_of_the_days_that_both_have():
    one = (np.array([1, 2, 4]), np.array([10.0, 20, 40]))
    other = (np.array([2, 3, 4]), np.array([0.2, 0.3, 0.4]))
    mine, theirs = pairs.aligned(one, other)
    assert (mine.tolist(), theirs.tolist()) == ([20, 40], [0.2, 0.4])


def test_fishers_interval_has_its_textbook_width():
    low, high = pairs.fisher_interval(0.5, 103)  # 0.5493 ± 1.96 / 10, back through tanh
    assert (low, high) == pytest.approx((0.3393, 0.6323), abs=1e-4)


def test_a_weighted_beta_of_an_exact_multiple_is_that_multiple():
    moves = np.sin(np.arange(50.0))
    assert pairs.ewma_link(3 * moves, moves) == pytest.approx((1.0, 3.0))


def test_recent_days_weigh_more_in_the_weighted_correlation():
    moves = np.sin(np.arange(100.0))
    turned = np.where(np.arange(100) < 70, -moves, moves)
    assert pairs.ewma_link(turned, moves)[0] > 0.5


def test_what_does_not_move_has_no_weighted_link():
    assert math.isnan(pairs.ewma_link(np.zeros(9), np.ones(9))[0])
