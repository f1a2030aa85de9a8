"""The profile of traded volume, or of time, over price."""

from dataclasses import dataclass

import numpy as np

from shared.features.indicators import Array

BINS = 48
VALUE_SHARE = 0.70


@dataclass(frozen=True, slots=True)
class Profile:
    """Where trading took place: point of control, value area, and the bins themselves."""

    poc: float
    low: float  # value area
    high: float
    edges: Array
    mass: Array


def build_profile(low: Array, high: Array, weight: Array, bins: int = BINS) -> Profile | None:
    """Spread each bar's weight evenly over its range; None when the prices span nothing.

    Shape: `mass` sums to the weights' sum; POC is the middle of the fullest bin (the lowest of
    equals); the value area grows from it to the larger neighbour until it holds 70 %.
    """
    floor, ceiling = float(low.min()), float(high.max())
    if not (ceiling > floor and weight.sum() > 0):
        return None
    edges = np.linspace(floor, ceiling, bins + 1)
    mass = _spread(low, high, weight, edges)
    fullest = int(mass.argmax())
    first, last = _value_area(mass, fullest)
    middle = float((edges[fullest] + edges[fullest + 1]) / 2)
    return Profile(middle, float(edges[first]), float(edges[last + 1]), edges, mass)


def _spread(low: Array, high: Array, weight: Array, edges: Array) -> Array:
    span = (high - low)[:, None]
    overlap = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.clip(overlap, 0, None) / span
    for flat in np.flatnonzero(high == low):  # all of it in the one bin that holds the price
        share[flat] = 0
        at = int(np.searchsorted(edges, low[flat], side="right")) - 1
        share[flat, min(at, len(edges) - 2)] = 1
    mass: Array = weight @ share
    return mass


def _value_area(mass: Array, start: int) -> tuple[int, int]:
    first = last = start
    held, wanted = mass[start], VALUE_SHARE * mass.sum()
    while held < wanted and (first > 0 or last < len(mass) - 1):
        under = mass[first - 1] if first > 0 else -1.0
        over = mass[last + 1] if last < len(mass) - 1 else -1.0
        if over >= under:
            last += 1
            held += over
        else:
            first -= 1
            held += under
    return first, last
