"""What the logistic part of a forecast reads, worked out from the named numbers of a snapshot."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from shared.domain.bias import Feature, Step
from shared.features.indicators import Array

_YEARLY = frozenset(("realized_vol20", "parkinson_vol20"))  # read as those of one session
LIMIT = 3.0  # standard deviations; a crash does not make the line run away


@dataclass(frozen=True, slots=True)
class Predictor:
    """One input of the logistic: from which named numbers of which step it comes."""

    name: str
    group: str
    step: Step
    reads: tuple[str, ...]
    of: Callable[..., float]


def _same(value: float) -> float:
    return value


def _log_ratio(one: float, other: float) -> float:
    return math.log(one / other)


def _log_size(value: float) -> float:
    return math.log1p(abs(value))


def _scaled(move_pct: float, atr_pct: float) -> float:
    return move_pct / atr_pct


_SECURITY, _MACRO, _TECHNICAL = Step.SECURITY, Step.MACRO, Step.TECHNICAL
PREDICTORS = (
    Predictor("regime", "volatility", _SECURITY, ("regime_ratio",), _same),
    Predictor("rank", "volatility", _SECURITY, ("vol_percentile252",), _same),
    Predictor("vix", "volatility", _SECURITY, ("vix",), math.log),
    Predictor("vix_change", "volatility", _SECURITY, ("vix_change",), _same),
    Predictor(
        "atr_against_volatility",
        "range",
        _SECURITY,
        ("atr_pct", "realized_vol20"),
        _log_ratio,
    ),
    Predictor(
        "range_against_close", "range", _SECURITY, ("parkinson_vol20", "realized_vol20"), _log_ratio
    ),
    Predictor("last_range", "range", _SECURITY, ("range_atr",), _log_size),
    Predictor("gap_size", "range", _SECURITY, ("gap_atr",), _log_size),
    Predictor("last_move", "drift", _SECURITY, ("day_change", "atr_pct"), _scaled),
    Predictor("momentum", "drift", _SECURITY, ("momentum20", "realized_vol20"), _scaled),
    Predictor("trend", "drift", _TECHNICAL, ("sma200_distance",), _same),
    Predictor("place", "drift", _TECHNICAL, ("donchian20",), _same),
    Predictor("events", "events", _MACRO, ("high_today",), _log_size),
    Predictor("prices", "events", _MACRO, ("cpi_today",), _same),
    Predictor("payrolls", "events", _MACRO, ("payrolls_today",), _same),
    Predictor("central_bank", "events", _MACRO, ("central_bank_today",), _same),
)
GROUPS = tuple(dict.fromkeys(p.group for p in PREDICTORS))
STEPS = tuple(dict.fromkeys(p.step for p in PREDICTORS))


def predictors(features: Iterable[Feature], sessions_a_year: int) -> Array:
    """Work out every predictor in the order of PREDICTORS, NaN where one of its numbers is missing.

    Shape: a number that cannot enter (the logarithm of zero) counts as missing.
    Units: yearly volatilities are read as those of one of the market's sessions, so that a week
    that trades on seven days weighs a move as one of five does.
    """
    daily = math.sqrt(sessions_a_year)
    numbers = {
        f.name: float(f.value) / (daily if f.name in _YEARLY else 1)
        for f in features
        if isinstance(f.value, float | int)
    }
    return np.array([_value(p, numbers) for p in PREDICTORS])


def _value(predictor: Predictor, numbers: Mapping[str, float]) -> float:
    try:
        return predictor.of(*(numbers[name] for name in predictor.reads))
    except (KeyError, ValueError, ZeroDivisionError):
        return math.nan
