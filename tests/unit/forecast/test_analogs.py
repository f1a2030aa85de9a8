import numpy as np

from shared.forecast.analogs import distribution, nearest, standardized
from shared.forecast.predictors import PREDICTORS
from shared.forecast.vintages import Slope


def test_the_nearest_days_come_first():
    past = np.array([[5.0, 0.0], [1.0, 1.0], [0.0, 0.1]])
    assert nearest(np.zeros(2), past, 2).tolist() == [2, 1]


def test_a_missing_number_and_one_without_a_scale_count_as_ordinary():
    values = np.full((1, len(PREDICTORS)), 9.0)
    values[0, 1] = np.nan
    slopes = {p.name: Slope(mean=8.0, sd=2.0, bear=0, bull=0) for p in PREDICTORS[:2]}
    assert standardized(values, slopes)[0, :3].tolist() == [0.5, 0.0, 0.0]


def test_what_followed_is_shrunk_to_the_base_rates():
    base = np.array([0.2, 0.3, 0.5])
    found = distribution(np.zeros(50, dtype=int), base, 50)
    assert found.tolist() == [0.6, 0.15, 0.25]
