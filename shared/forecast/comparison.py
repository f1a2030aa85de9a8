"""Whether one forecaster's loss is less than another's by more than luck (Diebold and Mariano)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from shared.features.indicators import Array
from shared.forecast.scorecard import Scored, Whole, rps, summarize

LAG = 10  # dates over which losses may hang together
DATES_NEEDED = 3 * LAG  # with fewer the variance is a guess


def compared(ours: Scored, rivals: Mapping[str, Scored]) -> dict[str, dict[str, Any]]:
    """Work out every rival's figures on the same rows, with our gain on it as `dm`."""
    own = rps(ours.chances, ours.outcomes)
    return {
        name: summarize(rival)
        | {"dm": diebold_mariano(ours.days, own, rps(rival.chances, rival.outcomes))}
        for name, rival in rivals.items()
    }


def diebold_mariano(days: Whole, ours: Array, rival: Array) -> dict[str, Any]:
    """Test whether the mean loss differs, whole dates averaged first.

    Shape: `gain` is the rival's mean loss less ours (above 0 we are better), `t` its distance from
    nothing in standard errors (Newey and West, LAG dates), `p` two-sided; None without enough dates
    or where the two never differ.
    """
    dates, index = np.unique(days, return_inverse=True)
    gains = np.bincount(index, weights=rival - ours) / np.bincount(index)
    gain = float(gains.mean()) if len(gains) else None
    found: dict[str, Any] = {"dates": len(dates), "gain": gain, "t": None, "p": None}
    if len(dates) < DATES_NEEDED:
        return found
    variance = _long_run(gains)
    if variance <= 0:
        return found
    t = float(gains.mean()) / math.sqrt(variance / len(gains))
    return found | {"t": t, "p": math.erfc(abs(t) / math.sqrt(2))}


def _long_run(values: Array) -> float:
    """Estimate the variance of a mean's summands that hang together over LAG steps."""
    centred, n = values - values.mean(), len(values)
    if not np.abs(centred).max() > 1e-15:
        return 0.0
    total = float(centred @ centred) / n
    for lag in range(1, LAG + 1):
        weight = 1 - lag / (LAG + 1)
        total += 2 * weight * float(centred[lag:] @ centred[:-lag]) / n
    return total
