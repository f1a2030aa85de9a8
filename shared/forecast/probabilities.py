"""Three calibrated chances for the next session, and the label by lift over a normal day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from shared.domain.bias import Feature, Forecast, Label, Probabilities
from shared.domain.market.instrument import Instrument
from shared.features.indicators import Array
from shared.forecast.predictors import PREDICTORS, predictors
from shared.forecast.recalibration import Months, recalibrated
from shared.forecast.vintages import CLASSES, Vintage, vintage_for

MIN_LIFT = 0.5  # points; below it no class is worth a name and the label is Neutral
_PLAIN_LIFT = 3.0  # points from which a lean is not called slight; nothing here is called strong
_EDGE_WORDS = ((1.0, "is practically zero"), (3.0, "is near zero"), (100.0, "is small"))
_NAMES = tuple(p.name for p in PREDICTORS)
_NONE: Months = {}


def forecast(
    instrument: Instrument, features: Iterable[Feature], as_of: datetime, months: Months = _NONE
) -> Forecast:
    """Mix the instrument's climatology with the logistic around it, both of the dated table.

    Shape: `months` are outcomes that were scored since the table was fitted.
    Raises: NotFound when no coefficient table is dated by `as_of`.
    """
    vintage = recalibrated(vintage_for(as_of), months, as_of)
    values = predictors(features, instrument.sessions_a_year)
    return forecast_by(vintage, instrument.symbol, values)


def forecast_by(vintage: Vintage, symbol: str, values: Array) -> Forecast:
    """Make the forecast of an instrument by one table, from predictors already worked out."""
    base = vintage.base_rates(symbol)
    known = bool(np.isfinite(values).any())
    chances = vintage.chances(symbol, values, _NAMES) if known else base
    told = describe(chances, base, known=known)
    return Forecast(
        label=told.label,
        probabilities=chances,
        base_rates=base,
        lift=told.lift,
        wording=told.wording,
        edge=_edge(chances, base),
        vintage=vintage.id,
    )


def with_chances(rules: Forecast, chances: Probabilities) -> Forecast:
    """Let a model's share move the chances; the label stays the one of the rules."""
    told = describe(chances, rules.base_rates)
    same = told.label is rules.label
    return rules.model_copy(
        update={
            "probabilities": chances,
            "lift": _lift(chances, rules.base_rates, rules.label),
            "wording": told.wording if same else f"{rules.wording} by the rules alone",
            "edge": _edge(chances, rules.base_rates),
        }
    )


@dataclass(frozen=True, slots=True)
class Described:
    """What three chances say against the base rates.

    Units: `lift` in points over the base rate of the label's class.
    """

    label: Label
    lift: float
    wording: str


def describe(chances: Probabilities, base: Probabilities, *, known: bool = True) -> Described:
    """Name the label by lift and say how strong it is; not `known` = the base rates alone."""
    label = label_by_lift(chances, base)
    lift = _lift(chances, base, label)
    return Described(label, lift, _wording(label, lift, known=known))


def label_by_lift(chances: Probabilities, base: Probabilities) -> Label:
    """Pick the class with the greatest lift; Neutral when none is worth the name or two tie."""
    lifts = sorted(((_lift(chances, base, label), label) for label in CLASSES), reverse=True)
    (first, label), (second, _) = lifts[0], lifts[1]
    return label if first >= MIN_LIFT and first > second else Label.NEUTRAL


def _lift(chances: Probabilities, base: Probabilities, label: Label) -> float:
    return round((chances.of(label) - base.of(label)) * 100, 2) + 0.0


def _wording(label: Label, lift: float, *, known: bool) -> str:
    if not known:
        return "none of the numbers it reads is known: the base rates of a normal day"
    strength = "leans" if lift >= _PLAIN_LIFT else "leans slightly"
    match label:
        case Label.BULLISH:
            return f"{strength} bullish against a normal day"
        case Label.BEARISH:
            return f"{strength} bearish against a normal day"
        case Label.NEUTRAL if lift >= MIN_LIFT:
            return f"{strength} to a smaller move than on a normal day"
        case Label.NEUTRAL:
            return "no lean worth the name: much like a normal day"


def _edge(chances: Probabilities, base: Probabilities) -> str:
    edge = ((chances.bull - chances.bear) - (base.bull - base.bear)) * 100
    word = next(text for bound, text in _EDGE_WORDS if abs(edge) < bound)
    toward = "up" if edge > 0 else "down"
    return (
        f"The directional edge against a normal day {word}: {abs(edge):.1f} points {toward}. "
        "Direction for one session is close to unpredictable."
    )
