"""How far a forecast moves when one group of its inputs is disturbed."""

from typing import Any

import numpy as np

from shared.bias.backtest.walked import Backtest
from shared.domain.bias import Step
from shared.features.indicators import Array
from shared.forecast.predictors import GROUPS, PREDICTORS, STEPS
from shared.forecast.probabilities import forecast_by
from shared.forecast.scorecard import SEED, Whole
from shared.forecast.vintages import CLASSES

_SAMPLE = 1500  # days on which inputs are disturbed


def sensitivity(test: Backtest) -> dict[str, dict[str, Any]]:
    """Invert or shuffle one group of inputs at a time and tell how far the forecast moves.

    Units: `points` the mean absolute change of the three chances; `labels` the share that changed.
    """
    random = np.random.default_rng(SEED)
    chosen = np.sort(random.permutation(len(test.days))[:_SAMPLE])
    values = np.array([test.days[i].values for i in chosen])
    mean = np.array([_mean(column) for column in values.T])
    report: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        columns = [i for i, p in enumerate(PREDICTORS) if p.group == group]
        inverted, shuffled = values.copy(), values.copy()
        inverted[:, columns] = 2 * mean[columns] - values[:, columns]
        shuffled[:, columns] = values[random.permutation(len(values))][:, columns]
        moves = {
            n: _moved(test, chosen, v) for n, v in (("inverted", inverted), ("shuffled", shuffled))
        }
        used = any(move["points"] > 0 for move in moves.values())
        report[group] = {"n": len(chosen), **moves, "used": used}
    unread = [step for step in Step if step not in (*STEPS, Step.SYNTHESIS)]
    return report | {f"step {step}": {"n": len(chosen), "used": False} for step in unread}


def _mean(column: Array) -> float:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else 0.0


def _moved(test: Backtest, chosen: Whole, values: Array) -> dict[str, float]:
    points, labels = 0.0, 0
    for i, row in zip(chosen.tolist(), values, strict=True):
        before = test.forecasts[i]
        after = forecast_by(test.tables[i], test.days[i].instrument.symbol, row)
        labels += after.label is not before.label
        points += sum(abs(after.probabilities.of(c) - before.probabilities.of(c)) for c in CLASSES)
    count = max(len(values), 1)
    return {"points": 100 * points / (3 * count), "labels": labels / count}
