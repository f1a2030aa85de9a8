"""How a named number is declared, and how one that cannot be computed says why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.domain.bias import Feature, Step


@dataclass(frozen=True, slots=True)
class Definition:
    """A named number of one step.

    Shape: `decimals` None means as many as the instrument's price has.
    """

    name: str
    unit: str
    decimals: int | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a number is not there."""

    reason: str


Value = float | int | str | Missing


@dataclass(frozen=True, slots=True)
class Stamp:
    """What all numbers of one step share."""

    step: Step
    as_of: datetime
    price_decimals: int


def assemble(
    definitions: Sequence[Definition], values: Mapping[str, Value], stamp: Stamp
) -> tuple[Feature, ...]:
    """Round and stamp the values in the order of their definitions.

    Raises: KeyError when a defined number was neither computed nor declared missing.
    """
    return tuple(_feature(d, values[d.name], stamp) for d in definitions)


def missing_all(definitions: Sequence[Definition], reason: str) -> dict[str, Value]:
    """Declare every number of a step missing for one reason."""
    return {d.name: Missing(reason) for d in definitions}


def _feature(definition: Definition, value: Value, stamp: Stamp) -> Feature:
    reason = None
    decimals = stamp.price_decimals if definition.decimals is None else definition.decimals
    if isinstance(value, float) and not math.isfinite(value):
        value = Missing("not defined for these prices")
    if isinstance(value, float):
        value = round(value, decimals) + 0.0  # + 0.0 turns a negative zero into zero
    shown = None if isinstance(value, Missing) else value
    if isinstance(value, Missing):
        reason = value.reason
    return Feature(
        name=definition.name,
        step=stamp.step,
        value=shown,
        unit=definition.unit,
        decimals=0 if isinstance(shown, str | int) else decimals,
        as_of=stamp.as_of,
        reason=reason,
    )
