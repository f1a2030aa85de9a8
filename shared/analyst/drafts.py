"""What a prompt asks a model to fill in: the claims first, then the prose that rests on them.

Every draft is read as a SectionDraft; here only the order of its fields and the words that may
stand in a claim are narrowed, which providers can hold a model to while it writes. The words of a
step are the same for every instrument, so that the schema is part of what a provider can cache.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from shared.analyst.relations import BANDS, RELATIONS, TRENDS
from shared.domain.bias import SectionDraft, Step
from shared.features.definitions import Definition
from shared.features.table import DEFINITIONS

# Prices to watch that belong to no feature of the same name.
LEVELS = ("prior_high", "prior_low", "prior_close")
FORECAST = (
    *("p_bear", "base_bear", "p_neutral", "base_neutral", "p_bull", "base_bull"),
    *("lift", "confidence"),
)
_NEVER_COMPARED = frozenset({"text", "flag"})
_WITH_LEVELS = frozenset({Step.TECHNICAL, Step.SYNTHESIS})
_MOST = {"claims": 12, "findings": 4, "risks": 3, "documents": 6}
_TEXT_CLAIMS = frozenset({"leader_link"})  # the only words that a relation is defined for


def claimable(step: Step) -> tuple[str, ...]:
    """List what a step may claim something of: its numbers, its levels, its words with relations.

    Shape: for the synthesis those of all steps and of the forecast.
    """
    names = [d.name for d in _definitions(step) if d.unit != "text" or d.name in _TEXT_CLAIMS]
    names += LEVELS if step in _WITH_LEVELS else ()
    names += FORECAST if step is Step.SYNTHESIS else ()
    return tuple(dict.fromkeys(names))


def comparable(step: Step) -> tuple[str, ...]:
    """List what a step may compare something with: values of a unit that others have too."""
    units = _units(step)
    often = Counter(units.values())
    return tuple(
        name for name, unit in units.items() if unit not in _NEVER_COMPARED and often[unit] > 1
    )


def relations_of(step: Step) -> tuple[str, ...]:
    """List the relations that can hold for some value of a step."""
    names = frozenset(claimable(step))
    units = frozenset(_units(step).values())
    possible = {
        *("positive", "negative"),
        *(("above", "below") if comparable(step) else ()),
        *(("near",) if "price" in units else ()),
        *(("high", "low", "normal") if names & BANDS.keys() else ()),
        *(("rising", "falling") if names & TRENDS else ()),
        *(("present", "absent") if units & {"count", "flag"} else ()),
        *(("inside",) if "value_position" in names else ()),
        *(("linked", "unlinked") if "leader_link" in names else ()),
    }
    return tuple(sorted(possible & RELATIONS))


@cache
def claims_first(step: Step) -> type[BaseModel]:
    """Make the schema of one step's draft."""
    other: Any = _words("Other", comparable(step))
    claim = create_model(
        "Claim",
        __config__=ConfigDict(extra="forbid"),
        feature=(_words("Feature", claimable(step)), ...),
        relation=(_words("Relation", relations_of(step)), ...),
        other=(other | None, ...),
    )
    narrowed: dict[str, Any] = {"claims": (tuple[claim, ...], Field(max_length=_MOST["claims"]))}
    others = {n: (f.annotation, _field(n, f)) for n, f in SectionDraft.model_fields.items()}
    del others["claims"]
    return create_model("Draft", __config__=ConfigDict(extra="forbid"), **(narrowed | others))


def _field(name: str, field: FieldInfo) -> Any:
    """Bound a list, so that a small model ends; what it may hold is said in the prompt."""
    if name not in _MOST:
        return field
    default = ... if field.is_required() else field.default
    return Field(default, max_length=_MOST[name])


def _units(step: Step) -> dict[str, str]:
    defined = {d.name: d.unit for d in _definitions(step)}
    chances = dict.fromkeys(FORECAST, "pct") | {"lift": "points"}
    return {name: (defined | chances).get(name, "price") for name in claimable(step)}


def _definitions(step: Step) -> Iterator[Definition]:
    steps = DEFINITIONS if step is Step.SYNTHESIS else (step,)
    return (definition for one in steps for definition in DEFINITIONS[one])


def _words(name: str, words: tuple[str, ...]) -> type[StrEnum]:
    return StrEnum(name, {w: w for w in words})  # type: ignore[return-value]  # called, it makes a class
