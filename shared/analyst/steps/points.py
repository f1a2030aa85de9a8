"""A remark with its weight, how it may be phrased, and how a section is made of the heaviest."""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from shared.analyst.facts import Facts
from shared.analyst.relations import BANDS, fault_of
from shared.analyst.render import placeholders
from shared.domain.bias import Claim, SectionDraft

_FINDINGS, _RISKS = 5, 3
_HEADLINE = 150  # characters, before values are filled in

# Weights: a reading at the border of its band counts 1, one in the middle 0, beyond the border
# more; remarks that give context without a band stand at fixed weights below 1.
NOTABLE = 0.75
CONTEXT = 0.45
ASIDE = 0.2


@dataclass(frozen=True, slots=True)
class Point:
    """One remark.

    Shape: `headline` is a clause that may stand alone or beside another one; `risk` is what could
    go wrong because of the remark.
    """

    weight: float
    text: str
    claims: tuple[Claim, ...]
    headline: str
    risk: str | None = None


def claim(feature: str, relation: str, other: str | None = None) -> Claim:
    """Make a claim."""
    return Claim(feature=feature, relation=relation, other=other)


def holding(facts: Facts, *claims: Claim) -> tuple[Claim, ...]:
    """Keep the claims that hold: two prices a fraction of a tick apart are one when rounded."""
    return tuple(c for c in claims if fault_of(c, facts) is None)


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


def side_of(value: float) -> str:
    """Name the relation of a signed number."""
    return "positive" if value > 0 else "negative"


def say(facts: Facts, key: str, *ways: str) -> str:
    """Pick one of several ways to say a thing: another one each day, and in each market.

    Shape: equal facts give the same way; nothing but the session and the instrument decides.
    """
    day = date.fromisoformat((facts.word("session_date") or "1970-01-01")[-10:]).toordinal()
    offset = zlib.crc32(f"{facts.word('instrument')}/{key}".encode())
    return ways[(day + offset) % len(ways)]


def also(facts: Facts, text: str) -> str:
    """Return a clause when all that it names is known, else nothing."""
    return text if has(facts, *placeholders(text)) else ""


def compose(
    facts: Facts, points: Iterable[Point], *, empty: str, risks: Sequence[str] = ()
) -> SectionDraft:
    """Keep the heaviest remarks; the first of them make the headline, `risks` follow their own.

    Shape: a remark that names a missing value is left out; data quality says what is missing.
    """
    known = [p for p in points if has(facts, *_names(p))]
    ranked = sorted(known, key=lambda p: -p.weight)[:_FINDINGS]
    if not ranked:
        return SectionDraft(headline=empty, findings=())
    warned = [p.risk for p in ranked if p.risk and has(facts, *placeholders(p.risk))]
    warned += [risk for risk in risks if has(facts, *placeholders(risk))]
    return SectionDraft(
        headline=_headline(facts, ranked),
        findings=tuple(p.text for p in ranked),
        risks=tuple(warned[:_RISKS]),
        claims=tuple(dict.fromkeys(c for p in ranked for c in p.claims)),
    )


def _names(point: Point) -> set[str]:
    named = {*placeholders(point.text), *placeholders(point.headline)}
    return named | {name for c in point.claims for name in (c.feature, c.other) if name}


def _headline(facts: Facts, ranked: Sequence[Point]) -> str:
    first = ranked[0].headline
    beside = [p.headline for p in ranked[1:] if p.weight >= NOTABLE] or [
        p.headline for p in ranked[1:2]
    ]
    if beside and len(first) + len(beside[0]) <= _HEADLINE:
        link = say(facts, f"link/{first[:12]}", "; ", ", and ")
        first = f"{first}{link}{beside[0]}"
    # a headline that stands alone says whose it is
    return sentence_case(first) if "{instrument}" in first else f"{{instrument}}: {first}"


def sentence_case(text: str) -> str:
    """Begin with a capital unless a value comes first."""
    return text[:1].upper() + text[1:]
