"""A remark with its weight, and how a section is put together from the heaviest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.analyst.facts import Facts
from shared.analyst.relations import BANDS
from shared.domain.bias import Claim, SectionDraft

_FINDINGS, _RISKS = 4, 3

# Weights: a reading at the border of its band counts 1, one in the middle 0, beyond the border
# more; remarks that give context without a band stand at fixed weights below 1.
CONTEXT = 0.45
ASIDE = 0.2


@dataclass(frozen=True, slots=True)
class Point:
    """One remark.

    Shape: `headline` is how the remark reads when it is the heaviest; `risk` is what could go wrong
    because of it.
    """

    weight: float
    text: str
    claims: tuple[Claim, ...]
    headline: str
    risk: str | None = None


def claim(feature: str, relation: str, other: str | None = None) -> Claim:
    """Make a claim."""
    return Claim(feature=feature, relation=relation, other=other)


def weigh(facts: Facts, name: str) -> float:
    """Tell how notable a banded reading is: 0 mid-band, 1 at a border, more beyond."""
    value = facts.number(name)
    if value is None:
        return 0.0
    low, high = BANDS[name]
    return abs(value - (low + high) / 2) / ((high - low) / 2)


def has(facts: Facts, *names: str) -> bool:
    """Tell whether all of these have a value."""
    return all(name in facts and facts[name].value is not None for name in names)


def compose(points: Iterable[Point], *, empty: str, risks: Sequence[str] = ()) -> SectionDraft:
    """Keep the heaviest remarks; the first gives the headline, `risks` follow the remarks' own."""
    ranked = sorted(points, key=lambda p: -p.weight)[:_FINDINGS]
    if not ranked:
        return SectionDraft(headline=empty, findings=())
    warned = [p.risk for p in ranked if p.risk] + list(risks)
    claims = dict.fromkeys(c for p in ranked for c in p.claims)
    return SectionDraft(
        headline=ranked[0].headline,
        findings=tuple(p.text for p in ranked),
        risks=tuple(warned[:_RISKS]),
        claims=tuple(claims),
    )
