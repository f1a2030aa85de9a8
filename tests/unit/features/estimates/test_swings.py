from itertools import pairwise

import numpy as np
import pytest

from shared.features.estimates.swings import clusters, nearest, swing_state
from tests.open_market import daily_series, inputs_of


def days(closes):
    return inputs_of(daily_series(closes, spread=1.0)).days


def wave(*turns, steps=8):
    """Straight legs between the turning points."""
    legs = [np.linspace(a, b, steps, endpoint=False) for a, b in pairwise(turns)]
    return [*np.concatenate(legs), turns[-1]]


def test_pivots_within_half_an_atr_are_one_level_with_their_touches_and_age():
    found = clusters(days(wave(100, 120, 100, 120.6, 100, 110)), average=2.0)
    top = max(found, key=lambda c: c.price)
    assert (top.price, top.touches) == (pytest.approx(121.6), 2)
    assert top.age == 16
    assert top.score == pytest.approx(2 - 16 / 20)


def test_pivots_farther_apart_are_levels_of_their_own():
    found = clusters(days(wave(100, 120, 100, 123, 100, 110)), average=2.0)
    assert [c.touches for c in found if c.price > 115] == [1, 1]


def test_a_chain_of_pivots_never_grows_wider_than_half_an_atr():
    found = clusters(days(wave(100, 120, 90, 120.8, 90, 121.6, 90, 100)), average=2.0)
    assert sorted(c.touches for c in found if c.price > 115) == [1, 2]


def test_the_close_is_framed_by_the_nearest_on_each_side():
    found = clusters(days(wave(100, 120, 100, 130, 100, 110)), average=2.0)
    below, above = nearest(found, 110.0)
    assert (below.price, above.price) == (pytest.approx(99), pytest.approx(121))


@pytest.mark.parametrize(
    ("turns", "state"),
    [
        ((100, 120, 110, 130, 120, 125), "higher highs and higher lows"),
        ((130, 100, 125, 90, 115, 80, 95), "lower highs and lower lows"),
        ((110, 120, 100, 130, 90, 110), "higher highs and lower lows"),
        ((110, 130, 90, 120, 100, 110), "lower highs and higher lows"),
    ],
)
def test_the_swings_say_where_highs_and_lows_go(turns, state):
    assert swing_state(days(wave(*turns))) == state


def test_too_few_swings_have_no_state():
    assert swing_state(days([100.0 + i for i in range(60)])) is None
