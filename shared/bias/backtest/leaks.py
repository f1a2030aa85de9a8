"""The leak detector: on labels that nobody can have known, no skill may be left."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from shared.forecast.scorecard import SEED, Scored, Whole, summarize


def leaks(forecasts: Scored) -> dict[str, dict[str, Any]]:
    """Score the same forecasts against outcomes that they cannot have known.

    Shape: `shuffled` within each instrument, and `shifted` to the day after; `lost` tells that no
    skill is left: the interval does not lie above zero.
    """
    random = np.random.default_rng(SEED)
    found = {
        "shuffled": _within(forecasts, random.permutation),
        "shifted": _within(forecasts, lambda rows: np.roll(rows, -1)),
    }
    answer = {}
    for name, outcomes in found.items():
        figures = summarize(replace(forecasts, outcomes=outcomes))
        kept = {k: figures[k] for k in ("n", "rps_skill", "rps_skill_lo", "rps_skill_hi")}
        answer[name] = kept | {"lost": figures["rps_skill_lo"] <= 0}
    return answer


def _within(forecasts: Scored, reorder: Callable[[Whole], Whole]) -> Whole:
    outcomes = forecasts.outcomes.copy()
    symbols = np.array(forecasts.groups["instrument"])
    for symbol in dict.fromkeys(symbols.tolist()):
        rows = np.flatnonzero(symbols == symbol)
        outcomes[rows] = forecasts.outcomes[reorder(rows)]
    return outcomes
