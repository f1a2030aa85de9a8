"""All five steps' numbers and levels of one instrument at one instant."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.bias import Feature, Level, Step
from shared.features import flux, leaders, macro, security, technical
from shared.features.definitions import Definition, Stamp, assemble
from shared.features.inputs import FeatureInputs

_STEPS = {
    Step.SECURITY: security,
    Step.MACRO: macro,
    Step.FLUX: flux,
    Step.LEADERS: leaders,
    Step.TECHNICAL: technical,
}

DEFINITIONS: dict[Step, tuple[Definition, ...]] = {s: m.DEFINITIONS for s, m in _STEPS.items()}


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """What the analysts may speak of."""

    features: tuple[Feature, ...]
    levels: tuple[Level, ...]


def compute(inputs: FeatureInputs) -> FeatureTable:
    """Compute every defined number from what was known at the as-of.

    Shape: features in the order of DEFINITIONS, each exactly once; a missing one has its reason.
    """
    decimals = inputs.price_decimals
    levels = technical.levels(inputs, decimals) + flux.levels(inputs, decimals)
    return FeatureTable(features_of(inputs, tuple(_STEPS)), levels)


def features_of(inputs: FeatureInputs, steps: Sequence[Step]) -> tuple[Feature, ...]:
    """Compute the numbers of some steps: what a walk over years needs, and no more."""
    known = inputs.daily.until(inputs.as_of).bars
    bar_at = known[-1].closed_at if known else inputs.as_of
    features: list[Feature] = []
    for step in steps:
        module = _STEPS[step]
        as_of = inputs.as_of if step is Step.MACRO else bar_at
        stamp = Stamp(step, as_of, inputs.price_decimals)
        features += assemble(module.DEFINITIONS, module.compute(inputs), stamp)
    return tuple(features)
