"""How good a forecast was, and what naive rivals would have scored."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shared.domain.bias import Label, Probabilities
from shared.domain.market.bars import Bar
from shared.features.indicators import atr
from shared.forecast import analogs
from shared.forecast.outcome import classify
from shared.forecast.scorecard import LOG_FLOOR
from shared.forecast.vintages import CLASSES

RIVALS_NEED = 21  # bars: the rivals look back 20 sessions


@dataclass(frozen=True, slots=True)
class Rival:
    """A naive forecaster: its label, and the chances it is scored with."""

    name: str
    label: Label
    probabilities: Probabilities


def close_to_close(before: Bar, after: Bar, known_atr: float) -> Label:
    """Class of the move from one close to the next, by the ATR known at the first."""
    return classify(after.close - before.close, known_atr)


def open_to_close(session: Bar, known_atr: float) -> Label:
    """Class of the part that a reader before the open can trade."""
    return classify(session.close - session.open, known_atr)


def rps(chances: Probabilities, outcome: Label) -> float:
    """Ranked probability score over bear < neutral < bull: 0 best, 1 worst."""
    below_neutral = chances.bear - (outcome is Label.BEARISH)
    below_bull = chances.bear + chances.neutral - (outcome is not Label.BULLISH)
    return (below_neutral**2 + below_bull**2) / 2


def brier(chances: Probabilities, outcome: Label) -> float:
    """Squared distance from the class that came: 0 best, 2 worst."""
    return sum((chances.of(label) - (label is outcome)) ** 2 for label in CLASSES)


def log_loss(chances: Probabilities, outcome: Label) -> float:
    """Surprise in nats, a chance below 1e-6 counted as 1e-6."""
    return -math.log(max(chances.of(outcome), LOG_FLOOR))


def hit(label: Label, outcome: Label) -> bool:
    """Tell whether the label was the class that came."""
    return label is outcome


def direction_hit(label: Label, outcome: Label) -> bool | None:
    """Tell whether the side was right; None when either is Neutral and the day does not count."""
    if Label.NEUTRAL in (label, outcome):
        return None
    return label is outcome


def certain(label: Label) -> Probabilities:
    """Put all probability on one class: how a forecaster that only names a label is scored."""
    return Probabilities(
        bear=float(label is Label.BEARISH),
        neutral=float(label is Label.NEUTRAL),
        bull=float(label is Label.BULLISH),
    )


def climatology(base_rates: Probabilities) -> Rival:
    """Always give the base rates."""
    label = max(CLASSES, key=base_rates.of)
    return Rival("climatology", label, base_rates)


def always_bullish() -> Rival:
    """Always say Bullish."""
    return _named("always_bullish", Label.BULLISH)


def yesterdays_class(known: Sequence[Bar]) -> Rival:
    """Say the class of the last known session.

    Raises: ValueError with fewer than 16 bars: its ATR was not known.
    """
    if len(known) < 16:
        raise ValueError(f"16 bars are needed, found {len(known)}")
    prices = np.array([(b.high, b.low, b.close) for b in known[:-1]])
    before = float(atr(prices[:, 0], prices[:, 1], prices[:, 2])[-1])
    return _named("yesterdays_class", close_to_close(known[-2], known[-1], before))


def sign_of_20_days(known: Sequence[Bar]) -> Rival:
    """Say the side of the last 20 sessions' move.

    Raises: ValueError with fewer than 21 bars.
    """
    if len(known) < RIVALS_NEED:
        raise ValueError(f"{RIVALS_NEED} bars are needed, found {len(known)}")
    move = known[-1].close - known[-21].close
    side = Label.BULLISH if move > 0 else Label.BEARISH if move < 0 else Label.NEUTRAL
    return _named("sign_of_20_days", side)


def analog_days(counts: Sequence[int] | None, base_rates: Probabilities) -> Rival:
    """Give what followed the past days most like the newest one.

    Shape: `counts` in the order of CLASSES, None where too few days were known.
    """
    chances, label = analogs.forecast(counts, base_rates)
    return Rival("analog_days", label, chances)


def naive_rivals(known: Sequence[Bar], base_rates: Probabilities) -> tuple[Rival, ...]:
    """Return all naive rivals, from the bars known at the forecast's as-of."""
    return (
        climatology(base_rates),
        always_bullish(),
        yesterdays_class(known),
        sign_of_20_days(known),
    )


def _named(name: str, label: Label) -> Rival:
    return Rival(name, label, certain(label))
