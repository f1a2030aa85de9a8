"""Two series of returns side by side: pairing by day, correlation, beta and their intervals."""

import math

import numpy as np

from shared.features.indicators import Array
from shared.features.inputs import Days

_Z95 = 1.959964
DECAY = 0.94  # RiskMetrics' daily lambda


def aligned(one: tuple[Days, Array], other: tuple[Days, Array]) -> tuple[Array, Array]:
    """Keep the values of the days (or instants) that both have, oldest first."""
    _, mine, theirs = np.intersect1d(one[0], other[0], assume_unique=True, return_indices=True)
    return one[1][mine], other[1][theirs]


def correlation(one: Array, other: Array) -> float:
    """Correlate two rows (Pearson)."""
    return float(np.clip(np.corrcoef(one, other)[0, 1], -1.0, 1.0))


def fisher_interval(r: float, count: int, *, z: float = _Z95) -> tuple[float, float]:
    """Give the 95 % interval of a correlation by Fisher's z."""
    if abs(r) >= 1:
        return r, r
    centre, half = math.atanh(r), z / math.sqrt(count - 3)
    return math.tanh(centre - half), math.tanh(centre + half)


def ewma_link(one: Array, other: Array) -> tuple[float, float]:
    """Return the exponentially weighted correlation and the beta of `one` on `other`.

    Shape: weights fall by 0.94 a day into the past; means count as zero, as RiskMetrics has it;
    NaN where one of the two did not move.
    """
    weights = DECAY ** np.arange(len(one) - 1, -1, -1)
    own, theirs = float(weights @ one**2), float(weights @ other**2)
    if not (own > 0 and theirs > 0):
        return math.nan, math.nan
    common = float(weights @ (one * other))
    return float(np.clip(common / math.sqrt(own * theirs), -1.0, 1.0)), common / theirs
