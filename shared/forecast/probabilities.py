"""Three calibrated chances for the next session, and the label by lift over a normal day."""

import math
from collections.abc import Iterable
from datetime import datetime

from shared.domain.bias import Feature, Forecast, Label, Probabilities
from shared.domain.instrument import Instrument, PriceSource
from shared.forecast.vintages import CLASSES, Vintage, vintage_for

MIN_LIFT = 1.0  # points; below it no class is worth a name and the label is Neutral
_PLAIN_LIFT = 3.0  # points from which a lean is not called slight; nothing here is called strong
_EDGE_WORDS = ((1.0, "is practically zero"), (3.0, "is near zero"), (100.0, "is small"))


def scaled_momentum(
    momentum_pct: float, volatility_pct: float, sessions_a_year: int = 252
) -> float:
    """Put the 20-day return in units of the volatility of 20 days (yearly / √12.6)."""
    return momentum_pct / (volatility_pct * math.sqrt(20 / sessions_a_year))


def forecast(instrument: Instrument, features: Iterable[Feature], as_of: datetime) -> Forecast:
    """Look up what followed days like this one, shrunk to the instrument's climatology.

    Raises: NotFound when no coefficient table is dated by `as_of`.
    """
    vintage = vintage_for(as_of)
    source = next((s for s in instrument.sources if s.series in vintage.series), None)
    base = _base_rates(vintage, source)
    state = None
    if source is not None:
        state = _state(vintage, source, features, instrument.sessions_a_year)
    if source is None or state is None:
        chances = base
    else:
        chances = _mirrored(vintage.in_state(source.series, state), source)
    label = label_by_lift(chances, base)
    lift = _lift(chances, base, label)
    return Forecast(
        label=label,
        probabilities=chances,
        base_rates=base,
        lift=lift,
        wording=_wording(label, lift, known=state is not None),
        edge=_edge(chances, base),
        vintage=vintage.id,
    )


def label_by_lift(chances: Probabilities, base: Probabilities) -> Label:
    """Pick the class with the greatest lift; Neutral when none is worth the name or two tie."""
    lifts = sorted(((_lift(chances, base, label), label) for label in CLASSES), reverse=True)
    (first, label), (second, _) = lifts[0], lifts[1]
    return label if first >= MIN_LIFT and first > second else Label.NEUTRAL


def _lift(chances: Probabilities, base: Probabilities, label: Label) -> float:
    return round((chances.of(label) - base.of(label)) * 100, 2) + 0.0


def _base_rates(vintage: Vintage, source: PriceSource | None) -> Probabilities:
    if source is None:
        return vintage.base_rates(None)
    return _mirrored(vintage.base_rates(source.series), source)


def _mirrored(chances: Probabilities, source: PriceSource) -> Probabilities:
    if not source.inverted:
        return chances
    return Probabilities(bear=chances.bull, neutral=chances.neutral, bull=chances.bear)


def _state(
    vintage: Vintage, source: PriceSource, features: Iterable[Feature], year: int
) -> str | None:
    """Name today's state in the terms of the fitted series, None when a number is missing."""
    values = {f.name: f.value for f in features}
    regime, momentum, volatility = (
        values.get(name) for name in ("regime_ratio", "momentum20", "realized_vol20")
    )
    if not (
        isinstance(regime, float) and isinstance(momentum, float) and isinstance(volatility, float)
    ):
        return None
    if volatility == 0:
        return None
    if source.inverted:  # 1/p returned r when p returned 1/(1+r) - 1
        momentum = 100 * (1 / (1 + momentum / 100) - 1)
    return vintage.state(regime, scaled_momentum(momentum, volatility, year))


def _wording(label: Label, lift: float, *, known: bool) -> str:
    if not known:
        return "no history of days like this one: the base rates of a normal day"
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
