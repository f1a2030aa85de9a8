"""Step 1: how much this market moves, and whether that is usual."""

import math

import numpy as np

from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.indicators import (
    atr,
    momentum,
    parkinson_volatility,
    percentile_rank,
    realized_volatility,
    regime_ratio,
    simple_returns,
    true_range,
)
from shared.features.inputs import Columns, FeatureInputs, columns

DEFINITIONS = (
    Definition("last_close", "price", None, "Close of the last complete session."),
    Definition("day_change", "pct", 2, "Its change against the session before."),
    Definition("true_range", "price", None, "Largest of high-low and both to the previous close."),
    Definition("atr14", "price", None, "True range, Wilder's average of 14 sessions."),
    Definition("atr_pct", "pct", 2, "The same as a share of the close."),
    Definition("range_atr", "atr", 2, "The last true range in ATR known before that session."),
    Definition("realized_vol20", "pct", 1, "Yearly volatility, 20 simple close-to-close returns."),
    Definition("parkinson_vol20", "pct", 1, "Yearly volatility from 20 high-low ranges."),
    Definition("vol_percentile252", "pct", 0, "Rank of realized_vol20 in its last 252 values."),
    Definition("regime_ratio", "ratio", 3, "ln(sd of 5 returns / sd of 60): above 0 is livelier."),
    Definition("gap_atr", "atr", 2, "Last open against the close before it, in ATR known then."),
    Definition("momentum20", "pct", 2, "Return over 20 sessions."),
    Definition("vix", "index", 2, "Last close of the VIX."),
    Definition("vix_change", "index", 2, "Its change in points against the session before."),
)


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Measure range, volatility and gap of the last complete session."""
    bars = columns(inputs.daily, inputs.as_of)
    if len(bars) < 16:
        values = missing_all(DEFINITIONS, f"16 daily bars are needed, {len(bars)} are at hand")
    else:
        values = _range(bars) | _volatility(bars)
    return values | _vix(inputs)


def _range(bars: Columns) -> dict[str, Value]:
    close = float(bars.close[-1])
    averages = atr(bars.high, bars.low, bars.close)
    today, before = float(averages[-1]), float(averages[-2])
    last_range = float(true_range(bars.high, bars.low, bars.close)[-1])
    gap = float(bars.open[-1] - bars.close[-2])
    still = Missing("no range in the 14 sessions before")
    return {
        "last_close": close,
        "day_change": float(simple_returns(bars.close)[-1]) * 100,
        "true_range": last_range,
        "atr14": today,
        "atr_pct": today / close * 100 if close > 0 else Missing("the close is not positive"),
        "range_atr": last_range / before if before else still,
        "gap_atr": gap / before if before else still,
    }


def _volatility(bars: Columns) -> dict[str, Value]:
    volatility = realized_volatility(bars.close, 20)
    rank = percentile_rank(volatility, 252)
    return {
        "realized_vol20": _or_short(float(volatility[-1]), 21, bars),
        "parkinson_vol20": _or_short(
            float(parkinson_volatility(bars.high, bars.low, 20)[-1]), 20, bars
        ),
        "vol_percentile252": _or_short(rank * 100, 272, bars),
        "regime_ratio": _or_short(float(regime_ratio(bars.close)[-1]), 61, bars),
        "momentum20": _or_short(float(momentum(bars.close)[-1]) * 100, 21, bars),
    }


def _or_short(value: float, needed: int, bars: Columns) -> Value:
    if len(bars) < needed:
        return Missing(f"{needed} daily bars are needed, {len(bars)} are at hand")
    return Missing("not defined for these prices") if not math.isfinite(value) else value


def _vix(inputs: FeatureInputs) -> dict[str, Value]:
    bars = columns(inputs.vix, inputs.as_of, last=2)
    if len(bars) < 2 or not np.isfinite(bars.close).all():
        reason = Missing("no VIX close was known")
        return {"vix": reason, "vix_change": reason}
    return {"vix": float(bars.close[-1]), "vix_change": float(bars.close[-1] - bars.close[-2])}
