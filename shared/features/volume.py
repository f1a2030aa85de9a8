"""How heavy trading was, and the pressure that may be estimated from it."""

import math

import numpy as np

from shared.features.definitions import Definition, Missing, Value
from shared.features.estimates.pressure import (
    bulk_classification,
    close_location,
    location_delta,
    money_flow,
    obv,
    slope,
    tick_rule,
)
from shared.features.hours import typical_price
from shared.features.inputs import Columns, FeatureInputs

DEFINITIONS = (
    Definition("volume_z60", "ratio", 2, "Last volume against the 60 sessions before, in sd."),
    Definition("obv_slope20", "ratio", 2, "Daily rise of on-balance volume, 20 days, in volumes."),
    Definition("cmf20", "ratio", 2, "Chaikin's money flow: volume by where 20 days closed, -1..1."),
    Definition("mfi14", "index", 1, "Money flow index of 14 days, 0 to 100."),
    Definition("pressure_tick20", "ratio", 2, "Estimated: volume by the sign of the change, 20."),
    Definition("pressure_bulk20", "ratio", 2, "Estimated: volume by the change's Φ, 20 days."),
    Definition("pressure_location5", "ratio", 2, "Estimated: volume by where 5 days closed."),
)
_DAYS = 20


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Measure the last volume and the estimated pressure of 20 sessions."""
    bars, kind = inputs.days, inputs.daily.volume_kind
    values: dict[str, Value] = {"volume_z60": _volume_z(bars, kind)}
    recent = bars.last(_DAYS + 1)
    reason = None
    if len(recent) <= _DAYS:
        reason = f"{_DAYS + 1} daily bars are needed, {len(recent)} are at hand"
    elif kind == "none" or np.isnan(recent.volume).any() or not recent.volume[1:].sum() > 0:
        reason = f"no usable volume in the last {_DAYS + 1} sessions"
    if reason is not None:
        return values | dict.fromkeys((d.name for d in DEFINITIONS[1:]), Missing(reason))
    return values | _pressure(recent)


def _pressure(bars: Columns) -> dict[str, Value]:
    close, volume = bars.close, bars.volume
    location = close_location(bars.high, bars.low, close)
    # against the mean volume of the same days, so that markets can be compared
    rise = slope(obv(close, volume)[1:]) / float(volume[1:].mean())
    found = {
        "obv_slope20": rise,
        "cmf20": location_delta(location[1:], volume[1:]),
        "mfi14": money_flow(typical_price(bars)[-15:], volume[-15:]),
        "pressure_tick20": tick_rule(close, volume),
        "pressure_bulk20": bulk_classification(close, volume),
        "pressure_location5": location_delta(location[-5:], volume[-5:]),
    }
    still = Missing("prices did not move or nothing was traded")
    return {name: value if math.isfinite(value) else still for name, value in found.items()}


def _volume_z(daily: Columns, kind: str) -> Value:
    before = daily.volume[-61:-1]
    if kind == "none" or len(before) < 60 or np.isnan(daily.volume[-61:]).any():
        return Missing("no usable volume in the last 61 sessions")
    sd = float(before.std(ddof=1))
    if sd == 0:
        return Missing("volume did not vary")
    return float((daily.volume[-1] - before.mean()) / sd)
