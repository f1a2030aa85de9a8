"""Volume-weighted average prices that begin with the session and with the week."""

import math

import numpy as np

from shared.features.definitions import Definition, Missing, Value
from shared.features.estimates.pressure import vwap
from shared.features.hours import hours_of, typical_price, weights
from shared.features.inputs import Columns, FeatureInputs


def _definitions(anchor: str, what: str) -> tuple[Definition, ...]:
    name = f"{anchor}_vwap"
    return (
        Definition(name, "price", None, f"Volume-weighted mean price of {what}."),
        Definition(f"{name}_low1", "price", None, "It less one of its standard deviations."),
        Definition(f"{name}_high1", "price", None, "It and one of its standard deviations."),
        Definition(f"{name}_low2", "price", None, "It less two of its standard deviations."),
        Definition(f"{name}_high2", "price", None, "It and two of its standard deviations."),
        Definition(f"{name}_distance", "sd", 1, "Close minus it, in its standard deviations."),
    )


DEFINITIONS = (
    *_definitions("session", "the last session, from bars within the day"),
    *_definitions("week", "the week so far, from bars within the day where all are there"),
    Definition("vwap_basis", "text", 0, "What the week's mean is weighted by, from which bars."),
)

_FEWEST = 4  # bars, for their deviation to mean anything


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Average the session's and the week's prices by what was traded at them."""
    days = inputs.days
    hours = hours_of(inputs, days.last(1).sessions)
    week = _this_week(days)
    week_hours = hours_of(inputs, week.sessions)
    bars = week if week_hours is None else week_hours
    counts = weights(bars, inputs.daily.volume_kind)[1]
    size = "daily bars" if week_hours is None else "bars within the day"
    basis = {"time": "time alone", "ticks": "tick volume", "units": "volume"}[counts]
    return (
        _around("session", hours, inputs)
        | _around("week", bars, inputs)
        | {"vwap_basis": f"{basis}, {size}"}
    )


def _this_week(days: Columns) -> Columns:
    recent = days.last(7)
    weeks = [bar.session.isocalendar()[:2] for bar in recent.bars]
    return recent.pick(np.flatnonzero([week == weeks[-1] for week in weeks]))


def _around(anchor: str, bars: Columns | None, inputs: FeatureInputs) -> dict[str, Value]:
    names = [f"{anchor}_vwap{part}" for part in ("", "_low1", "_high1", "_low2", "_high2")]
    if bars is None:
        names.append(f"{anchor}_vwap_distance")
        return dict.fromkeys(names, Missing("the last session has no bars within the day"))
    weight, _ = weights(bars, inputs.daily.volume_kind)
    mean, sd = vwap(typical_price(bars), weight)
    prices = (mean, mean - sd, mean + sd, mean - 2 * sd, mean + 2 * sd)
    away: Value = Missing(f"fewer than {_FEWEST} bars at different prices since it began")
    if len(bars) >= _FEWEST and math.isfinite(sd) and sd > 0:
        away = (float(inputs.days.close[-1]) - mean) / sd
    values: dict[str, Value] = dict(zip(names, prices, strict=True))
    return values | {f"{anchor}_vwap_distance": away}
