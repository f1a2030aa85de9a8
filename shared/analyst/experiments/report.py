"""What came of an experiment, arm by arm, every figure with its interval."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.analyst.experiments.declared import Arm, Experiment
from shared.domain.model_use import ModelUse, UseOutcome
from shared.forecast.scorecard import BLOCK, difference, interval

CAVEAT = (
    "Intervals (95 %) resample whole sessions in blocks of ten: instruments of one day are not "
    "independent. Arms are compared by their difference, both resampled by the same sessions: "
    "where its interval holds 0 they are not told apart. Fewer than twenty sessions have no "
    "interval and tell nothing apart."
)
_LEAST_SESSIONS = 2 * BLOCK


class Point(NamedTuple):
    """One observation of one figure, on one session."""

    session: date
    value: float


@dataclass(frozen=True, slots=True)
class Rated:
    """What a user thought of an answer: 1 to 5."""

    instrument: str
    session: date
    rating: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an experiment is judged by.

    Shape: `scores` as ScoreBias lists them, of the experiment's sessions.
    """

    uses: Sequence[ModelUse]
    scores: Sequence[Mapping[str, Any]] = ()
    ratings: Sequence[Rated] = ()


def report(experiment: Experiment, evidence: Evidence) -> dict[str, Any]:
    """Work out every figure of every arm.

    Shape: by arm and figure: n, sessions, mean, low, high; None where there is nothing to count;
    low and high are None for fewer than twenty sessions. `differences` are those of each later arm
    against the first: mean, low, high; None where either has fewer than twenty sessions.
    Only attempts whose arm is the one that was assigned count; `left_out` counts the others.
    Attempts at which nobody was asked say nothing of an arm: `withheld` counts them. `unpriced`
    are those in no figure of cost: their price is unknown.
    `lean_gain` is how much the rules' ranked probability score falls when the lean has its share.
    """
    assigned = [use for use in evidence.uses if _is_assigned(experiment, use)]
    counted = [use for use in assigned if use.outcome is not UseOutcome.WITHHELD]
    observed = {a.name: _points(experiment, a, counted, evidence) for a in experiment.arms}
    first, *others = observed
    return {
        "experiment": experiment.key,
        "hypothesis": experiment.hypothesis,
        "from": experiment.since.isoformat(),
        "to": experiment.until.isoformat(),
        "caveat": CAVEAT,
        "left_out": len(evidence.uses) - len(assigned),
        "arms": {a.name: _arm(experiment, a, assigned, observed[a.name]) for a in experiment.arms},
        "differences": {
            name: {
                figure: _difference(observed[first][figure], points)
                for figure, points in observed[name].items()
            }
            for name in others
        },
    }


def _is_assigned(experiment: Experiment, use: ModelUse) -> bool:
    arm = experiment.arm_of(use.instrument, use.session)
    return arm is not None and use.arm == experiment.label(arm)


def _arm(
    experiment: Experiment,
    arm: Arm,
    assigned: Iterable[ModelUse],
    observed: Mapping[str, Sequence[Point]],
) -> dict[str, Any]:
    own = [use for use in assigned if use.arm == experiment.label(arm)]
    withheld = sum(use.outcome is UseOutcome.WITHHELD for use in own)
    unpriced = sum(use.cost_usd is None for use in own)
    figures = {name: _figure(points) for name, points in observed.items()}
    return {"sections": len(own), "withheld": withheld, "unpriced": unpriced, **figures}


def _points(
    experiment: Experiment, arm: Arm, counted: Iterable[ModelUse], evidence: Evidence
) -> dict[str, list[Point]]:
    own = [use for use in counted if use.arm == experiment.label(arm)]
    written = {(use.instrument, use.session) for use in own}
    failed = {UseOutcome.REFUSED, UseOutcome.FAILED}

    def of_uses(value: Callable[[ModelUse], float]) -> list[Point]:
        return [Point(use.session, value(use)) for use in own]

    return {
        "grounded_first": of_uses(lambda use: use.outcome is UseOutcome.FIRST),
        "fell_back": of_uses(lambda use: use.outcome in failed),
        "seconds": of_uses(lambda use: use.elapsed_ms / 1000),
        "tokens": of_uses(lambda use: use.prompt_tokens + use.output_tokens + use.thinking_tokens),
        "cost_usd": [Point(u.session, cost) for u in own if (cost := _cost(u)) is not None],
        "lean_gain": list(_gains(evidence.scores, written)),
        "rating": [
            Point(rated.session, float(rated.rating))
            for rated in evidence.ratings
            if (rated.instrument, rated.session) in written
        ],
    }


def _cost(use: ModelUse) -> float | None:
    """Tell what an attempt cost; a failure that cost nothing is no price of an answer."""
    if use.cost_usd is None or (use.outcome is UseOutcome.FAILED and not use.cost_usd):
        return None
    return float(use.cost_usd)


def _difference(first: Sequence[Point], second: Sequence[Point]) -> dict[str, float] | None:
    # an arm of few sessions is the same in nearly every draw, however many the other has
    if min(_sessions(first), _sessions(second)) < _LEAST_SESSIONS:
        return None
    found = difference(_columns(first), _columns(second))
    return None if found is None else dict(zip(("mean", "low", "high"), found, strict=True))


def _gains(scores: Iterable[Mapping[str, Any]], written: set[tuple[str, date]]) -> Iterable[Point]:
    for score in scores:
        session, lean = date.fromisoformat(score["session"]), score.get("lean")
        if lean and (score["instrument"], session) in written:
            yield Point(session, lean["rules_rps"] - lean["mixed_rps"])


def _figure(points: Sequence[Point]) -> dict[str, Any] | None:
    if not points:
        return None
    days, values = _columns(points)
    sessions = _sessions(points)
    mean, low, high = float(values.mean()), None, None
    if sessions >= _LEAST_SESSIONS:
        mean, low, high = interval(days, values, np.ones(len(values)))
    return {"n": len(points), "sessions": sessions, "mean": mean, "low": low, "high": high}


def _sessions(points: Iterable[Point]) -> int:
    return len({point.session for point in points})


def _columns(
    points: Sequence[Point],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    days = np.array([point.session.toordinal() for point in points])
    return days, np.array([float(point.value) for point in points])
