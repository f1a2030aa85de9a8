import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.features.estimates.profile import build_profile

bars = st.lists(
    st.tuples(
        st.floats(1, 1000), st.floats(0, 50), st.floats(0, 1e6).filter(lambda v: v == 0 or v > 1)
    ),
    min_size=1,
    max_size=40,
)


def arrays(rows):
    low = np.array([low for low, _, _ in rows])
    return low, low + [span for _, span, _ in rows], np.array([w for _, _, w in rows])


@given(bars)
def test_a_profile_conserves_volume_and_keeps_poc_inside_the_value_area(rows):
    low, high, weight = arrays(rows)
    profile = build_profile(low, high, weight)
    if profile is None:
        assert high.max() == low.min() or weight.sum() == 0
        return
    assert profile.mass.sum() == pytest.approx(weight.sum())
    assert low.min() <= profile.low <= profile.poc <= profile.high <= high.max() + 1e-9
    held = profile.mass[(profile.edges[:-1] >= profile.low) & (profile.edges[1:] <= profile.high)]
    assert held.sum() >= 0.7 * weight.sum() * (1 - 1e-9)


@given(bars, st.randoms(use_true_random=False))
def test_the_order_of_bars_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    one, other = build_profile(*arrays(rows)), build_profile(*arrays(shuffled))
    if one is None:
        assert other is None
    else:
        assert other.mass == pytest.approx(one.mass, rel=1e-9, abs=1e-6)


def test_a_bar_spreads_its_volume_evenly_over_its_range():
    profile = build_profile(np.array([0.0, 0.0]), np.array([4.0, 2.0]), np.array([8.0, 4.0]), 4)
    assert profile.mass.tolist() == [4.0, 4.0, 2.0, 2.0]


def test_the_value_area_grows_to_the_larger_neighbour():
    low = np.array([0.0, 1.0, 2.0, 3.0])
    profile = build_profile(low, low + 1, np.array([1.0, 5.0, 3.0, 1.0]), 4)
    assert (profile.poc, profile.low, profile.high) == (1.5, 1.0, 3.0)


def test_prices_without_a_range_have_no_profile():
    assert build_profile(np.array([5.0]), np.array([5.0]), np.array([1.0])) is None
