"""The {names} of a text: they exist, have a value, and nothing beside them changes that value."""

import re
from collections.abc import Iterator

from shared.analyst.checks.fits import ENDS
from shared.analyst.checks.prose import Prose
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts

_HELD = re.compile(r"\{([^{}]*)\}")
_MAY_STAND_BEFORE = re.compile(r"(?:^|[\s(\"'\u201c\u2018])$")
_MAY_STAND_BEHIND = re.compile(r"^(?:$|[\s.,;:!?)\"'\u201d\u2019\u2026])")
# words and marks that a reader takes for a sign, a factor or a currency of the next number
_BEFORE = re.compile(
    r"(?:\b(?:minus|plus|negative|positive|times|less|USD|EUR|GBP|JPY|CNY)|[-\u2013+])\s+$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"^\s+\(?(percent\b|per cent\b|points?\b|pips?\b|ticks?\b|bps\b|basis\b|ATRs?\b|hours?\b"
    r"|days?\b|minutes?\b|seconds?\b|sessions?\b|weeks?\b|months?\b|years?\b|times\b"
    r"|touches\b|bars?\b"
    r"|standard deviations?\b|sigmas?\b|sd\b|dollars?\b|euros?\b|pounds?\b|yen\b|cents?\b"
    r"|contracts?\b|lots?\b|handles?\b|x\b|k\b|m\b|bn\b|fold\b|of a percent\b)",
    re.IGNORECASE,
)
# The only units that an author writes: those of counts, which come without one.
_OWN_UNITS = {
    "support_touches": {"times", "touches"},
    "resistance_touches": {"times", "touches"},
    "tail_days": {"days", "sessions"},
    "lead_lag_bars": {"bars"},
    "volume_z60": {"standard deviations"},
}
_TURNED = re.compile("|".join(rf"\{{{high}\}} (?:to|and) \{{{low}\}}" for low, high in ENDS))


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every name without a value, stray brace, and neighbour that changes a value."""
    for name in prose.names:
        if name not in facts:
            yield Violation(Kind.UNKNOWN_NAME, f"{{{name}}} does not exist")
        elif facts[name].value is None:
            reason = facts[name].reason
            yield Violation(Kind.MISSING_VALUE, f"{{{name}}} is missing: {reason}")
    if "{" in prose.own or "}" in prose.own:
        yield Violation(Kind.BRACE, f"a stray brace in {prose.text!r}")
    for match in _HELD.finditer(prose.text):
        yield from _neighbours(prose.text, match, facts)
    if turned := _TURNED.search(prose.text):
        yield Violation(Kind.DIRECTION, f"{turned.group()!r} runs from the high end to the low one")


def _neighbours(text: str, match: re.Match[str], facts: Facts) -> Iterator[Violation]:
    before, behind, name = text[: match.start()], text[match.end() :], match.group(1)
    # a name of a market may take an ending: {instrument}-specific changes no number
    worded = name in facts and facts[name].unit == "text" and behind.startswith("-")
    if not _MAY_STAND_BEFORE.search(before) or not (worded or _MAY_STAND_BEHIND.match(behind)):
        text = f"something glued to {match.group()} would change its value"
        yield Violation(Kind.GLUED, text)
    elif sign := _BEFORE.search(before):
        text = f"{sign.group().strip()!r} before {match.group()} would change its value"
        yield Violation(Kind.GLUED, text)
    unit = _UNIT.match(behind)
    if unit and unit.group(1).lower() not in _OWN_UNITS.get(name, set()):
        text = f"the unit {unit.group(1)!r} behind {match.group()}: the value brings its own"
        yield Violation(Kind.UNIT, text)
