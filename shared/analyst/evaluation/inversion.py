"""Snapshots with a group of their numbers turned round: does the answer move with its input?"""

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType

from shared.analyst.facts import SIGNED
from shared.analyst.relations import BANDS
from shared.domain.bias import FEATURE_STEPS, Feature, Snapshot, Step
from shared.features.table import DEFINITIONS

_WORDS = {
    "linked": "no link",
    "no link": "linked",
    "leaders lead": "leaders follow",
    "leaders follow": "leaders lead",
    "higher highs and higher lows": "lower highs and lower lows",
    "lower highs and lower lows": "higher highs and higher lows",
}
_SWAPPED = {"plus_di14": "minus_di14", "minus_di14": "plus_di14"}
_AT_LEAST = {"vix": 1.0, "adx14": 0.0}  # nothing is less than this


def groups_of(step: Step) -> Mapping[str, frozenset[str]]:
    """Name what is turned round at once: a step's own numbers, for the synthesis each step's."""
    steps = FEATURE_STEPS if step is Step.SYNTHESIS else (step,)
    return MappingProxyType(
        {str(one): frozenset(d.name for d in DEFINITIONS[one]) for one in steps}
    )


def invert(snapshot: Snapshot, names: Collection[str]) -> Snapshot:
    """Turn these numbers round and leave the others, and all prices, as they are.

    Shape: a reading with ends is mirrored between them, a signed one changes its sign, a flag or
    count is there or not; sizes stay, since a size has no other side.
    """
    by_name = {feature.name: feature for feature in snapshot.features}
    features = tuple(_inverted(f, by_name) if f.name in names else f for f in snapshot.features)
    return snapshot.model_copy(update={"features": features})


def _inverted(feature: Feature, by_name: Mapping[str, Feature]) -> Feature:
    value = feature.value
    if value is None:
        return feature
    turned: float | int | str | None
    if feature.name in _SWAPPED:
        turned = by_name[_SWAPPED[feature.name]].value
        return feature if turned is None else feature.model_copy(update={"value": turned})
    turned = _WORDS.get(value, value) if isinstance(value, str) else _number(feature, value)
    return feature.model_copy(update={"value": turned})


def _number(feature: Feature, value: float) -> float | int:
    if feature.unit in {"flag", "count"}:
        return 0 if value else 1
    if feature.name in BANDS:
        mirrored = round(sum(BANDS[feature.name]) - value, feature.decimals)
        return max(mirrored, _AT_LEAST.get(feature.name, -math.inf))
    return -value if feature.name in SIGNED else value
