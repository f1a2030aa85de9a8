"""What came of an experiment, arm by arm, every figure with its interval."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from shared.analyst.experiments.declared import Arm, Experiment
from shared.domain.model_use import ModelUse, UseOutcome
from shared.forecast.scorecard import interval

CAVEAT = (
    "Intervals (95 %) resample whole sessions in blocks of ten: instruments of one day are not "
    "independent. Arms whose intervals overlap are not told apart."
)


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

    Shape: by arm and figure: n, sessions, mean, low, high; None where there is nothing to count.
    Only attempts whose arm is the one that was assigned count; `left_out` counts the others.
    `lean_gain` is how much the rules' ranked probability score falls when the lean has its share.
    """
    counted = [use for use in evidence.uses if _is_assigned(experiment, use)]
    return {
        "experiment": experiment.key,
        "hypothesis": experiment.hypothesis,
        "from": experiment.since.isoformat(),
        "to": experiment.until.isoformat(),
        "caveat": CAVEAT,
        "left_out": len(evidence.uses) - len(counted),
        "arms": {a.name: _arm(experiment, a, counted, evidence) for a in experiment.arms},
    }


def _is_assigned(experiment: Experiment, use: ModelUse) -> bool:
    arm = experiment.arm_of(use.instrument, use.session)
    return arm is not None and use.arm == experiment.label(arm)


def _arm(
    experiment: Experiment, arm: Arm, counted: Iterable[ModelUse], evidence: Evidence
) -> dict[str, Any]:
    own = [use for use in counted if use.arm == experiment.label(arm)]
    written = {(use.instrument, use.session) for use in own}

    def of_uses(value: Callable[[ModelUse], float]) -> dict[str, Any] | None:
        return _figure([Point(use.session, value(use)) for use in own])

    priced = [u for u in own if u.cost_usd is not None]
    return {
        "sections": len(own),
        "grounded_first": of_uses(lambda use: use.outcome is UseOutcome.FIRST),
        "fell_back": of_uses(lambda u: u.outcome in {UseOutcome.REFUSED, UseOutcome.FAILED}),
        "seconds": of_uses(lambda use: use.elapsed_ms / 1000),
        "tokens": of_uses(lambda use: use.prompt_tokens + use.output_tokens + use.thinking_tokens),
        "cost_usd": _figure([Point(u.session, float(u.cost_usd or 0)) for u in priced]),
        "unpriced": len(own) - len(priced),
        "lean_gain": _figure(list(_gains(evidence.scores, written))),
        "rating": _figure(
            [
                Point(r.session, float(r.rating))
                for r in evidence.ratings
                if (r.instrument, r.session) in written
            ]
        ),
    }


def _gains(scores: Iterable[Mapping[str, Any]], written: set[tuple[str, date]]) -> Iterable[Point]:
    for score in scores:
        session, lean = date.fromisoformat(score["session"]), score.get("lean")
        if lean and (score["instrument"], session) in written:
            yield Point(session, lean["rules_rps"] - lean["mixed_rps"])


def _figure(points: Sequence[Point]) -> dict[str, Any] | None:
    if not points:
        return None
    days = np.array([point.session.toordinal() for point in points])
    values = np.array([float(point.value) for point in points])
    mean, low, high = interval(days, values, np.ones(len(values)))
    sessions = len(np.unique(days))
    return {"n": len(points), "sessions": sessions, "mean": mean, "low": low, "high": high}
