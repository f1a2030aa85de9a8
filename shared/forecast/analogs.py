"""Analog days: the most similar days of the past and what followed them, point in time."""

from collections.abc import Mapping

import numpy as np

from shared.features.indicators import Array
from shared.forecast.predictors import LIMIT, PREDICTORS
from shared.forecast.scorecard import Whole
from shared.forecast.vintages import Slope

NEIGHBOURS = 50
NEEDED = 250  # days of the past; among fewer the nearest are not near


def standardized(values: Array, slopes: Mapping[str, Slope]) -> Array:
    """Put predictors in standard deviations as a dated table knew them; a missing one is ordinary.

    Shape: a row a day, columns in the order of PREDICTORS.
    """
    columns = np.zeros_like(values)
    for i, predictor in enumerate(PREDICTORS):
        slope = slopes.get(predictor.name)
        if slope is not None:
            columns[:, i] = (values[:, i] - slope.mean) / slope.sd
    return np.clip(np.nan_to_num(columns, nan=0.0), -LIMIT, LIMIT)


def nearest(today: Array, past: Array, count: int = NEIGHBOURS) -> Whole:
    """Return the rows of the past closest to today, the closest first; an exact search."""
    distances = ((past - today) ** 2).sum(axis=1)
    return np.argsort(distances, kind="stable")[:count]


def distribution(outcomes: Whole, base: Array, weight: int) -> Array:
    """Return how often each class followed, shrunk to the base rates with a weight in days."""
    counts = np.bincount(outcomes, minlength=3)
    mixed: Array = (counts + weight * base) / (len(outcomes) + weight)
    return mixed
