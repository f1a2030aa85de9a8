"""Whether a language model's lean may move the chances: only after it has shown that it helps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from shared.domain.bias import Label, Probabilities
from shared.forecast.scorecard import interval
from shared.forecast.scoring import certain

SESSIONS_NEEDED = 250
# The only share there is. A lean is one of three words: one that is right in 40 of 100 sessions
# where the base rate is 36 deserves about this much, and nothing is fitted to the days that judge.
SHARE = 0.05


@dataclass(frozen=True, slots=True)
class LeanDay:
    """All leans of one model for one session, scored beside the rules.

    Shape: `rules` and `mixed` are sums of the ranked probability score over `n` instruments: of the
    rules' chances, and of the same with SHARE of the lean in them.
    """

    provider: str
    model: str
    session: date
    n: int
    rules: float
    mixed: float


@dataclass(frozen=True, slots=True)
class ModelWeight:
    """The switch for one model, and why it stands so.

    Units: `gain` is the share of the rules' score that the lean takes off (above 0 it helps), `low`
    and `high` its 95 % block bootstrap over sessions; None without enough sessions.
    """

    weight: float
    sessions: int
    why: str
    gain: float | None = None
    low: float | None = None
    high: float | None = None


def mixed(rules: Probabilities, lean: Label, weight: float) -> Probabilities:
    """Give a lean its share of the chances."""
    named = certain(lean)
    return Probabilities(
        bear=(1 - weight) * rules.bear + weight * named.bear,
        neutral=(1 - weight) * rules.neutral + weight * named.neutral,
        bull=(1 - weight) * rules.bull + weight * named.bull,
    )


def model_weight(days: Sequence[LeanDay]) -> ModelWeight:
    """Decide by the scored leans of one model.

    Shape: a lean of record was written before its session: the model cannot have read of it.
    """
    sessions = len({day.session for day in days})
    if sessions < SESSIONS_NEEDED:
        why = f"{sessions} of {SESSIONS_NEEDED} forward sessions are scored"
        return ModelWeight(0.0, sessions, why)
    dates = np.array([day.session.toordinal() for day in days], dtype=np.int64)
    rules, with_lean = np.array([(day.rules, day.mixed) for day in days]).T
    ratio, low, high = interval(dates, with_lean, rules)
    gain, worst, best = 1 - ratio, 1 - high, 1 - low
    earned = worst > 0
    word = "is above" if earned else "is not above"
    why = (
        f"over {sessions} sessions the gain on the rules is {gain:+.2%} "
        f"[{worst:+.2%}, {best:+.2%}], whose lower end {word} zero"
    )
    return ModelWeight(SHARE if earned else 0.0, sessions, why, gain, worst, best)
