"""Checks that a draft says nothing that the snapshot does not hold; what is unsure fails."""

import re
import unicodedata
from collections.abc import Iterator

from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts
from shared.analyst.inputs import outside_names
from shared.analyst.relations import band, fault_of
from shared.analyst.render import placeholders, without_placeholders
from shared.domain.bias import Label, SectionDraft, Step

_PERIODS = re.compile(
    r"\b(?:5|14|20|50|55|60|200|252|500)-(?:day|session)\b|\b(?:RSI|ADX|ATR|SMA) (?:14|20|50|200)\b"
    r"|\blast 500 days\b"
    r"|\bMag 7\b"
)
_NUMBER_WORDS = re.compile(
    r"\b(?:zero|nil|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:[- ]\w+)?|hundreds?|thousands?|millions?"
    r"|billions?|trillions?|dozens?|twice|thrice|doubled?|tripled?|halved?"
    r"|one (?:percent|per cent|points?|atr|hours?|events?|releases?|tenth|third|quarter|half))\b",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(
    r"\}\s*(?:%|‰|percent\b|per cent\b|points?\b|pips?\b|ticks?\b|bps\b|basis\b|ATR\b|hours?\b"
    r"|days?\b|minutes?\b|times\b|x\b|k\b|m\b|bn\b|[$€£¥])",
    re.IGNORECASE,
)
# minus signs and dashes of any kind before a value would turn its sign
_GLUED = re.compile(r"[\w.,+\-\u2010-\u2015\u2212~±$€£¥/^]\{|\}[\w{/^]")
_SIDES = {
    Label.BULLISH: re.compile(r"\b(?:bullish|upside|uptrend|rally|rallies|buy)\b", re.IGNORECASE),
    Label.BEARISH: re.compile(r"\b(?:bearish|downside|downtrend|sell-?off|sell)\b", re.IGNORECASE),
}
_NEGATION = re.compile(r"\b(?:not|neither|nor|never|no longer)\s+(?:\w+\s+)?$", re.IGNORECASE)
_STATES = (
    (re.compile(r"\boverbought\b", re.IGNORECASE), "rsi14", "high"),
    (re.compile(r"\boversold\b", re.IGNORECASE), "rsi14", "low"),
    (re.compile(r"\blivelier than usual\b", re.IGNORECASE), "regime_ratio", "high"),
    (re.compile(r"\bcalmer than usual\b", re.IGNORECASE), "regime_ratio", "low"),
)
_MEANS = re.compile(r"\b(above|below) (?:the|its) (20|50|200)-day mean\b", re.IGNORECASE)
_MOST_FINDINGS = 8
_MOST_CHARACTERS = 400  # of one sentence, before its values are filled in
_ORDER = (Label.BEARISH, Label.NEUTRAL, Label.BULLISH)


def violations(step: Step, draft: SectionDraft, facts: Facts) -> tuple[Violation, ...]:
    """List everything in a draft that is not supported, in words that its author can act on."""
    texts = (draft.headline, *draft.findings, *draft.risks)
    found = [fault for text in texts for fault in _prose(text, facts)]
    found += [fault for claim in draft.claims if (fault := fault_of(claim, facts))]
    found += _shape(step, draft, facts)
    found += _documents(draft, facts)
    found += _sides(draft, facts) if step is Step.SYNTHESIS else []
    found += _lean(step, draft, facts)
    return tuple(found)


def _prose(text: str, facts: Facts) -> Iterator[Violation]:
    for name in placeholders(text):
        if name not in facts:
            yield Violation(Kind.UNKNOWN_NAME, f"{{{name}}} does not exist")
        elif facts[name].value is None:
            yield Violation(Kind.MISSING_VALUE, f"{{{name}}} is missing: {facts[name].reason}")
    own = without_placeholders(text)
    if "{" in own or "}" in own:
        yield Violation(Kind.BRACE, f"a stray brace in {text!r}")
    bare = _PERIODS.sub(" ", own)
    if any(unicodedata.category(c) in {"Nd", "Nl", "No"} for c in bare):
        yield Violation(Kind.NUMBER, f"a number of its own in {text!r}: name a feature instead")
    # compatibility forms (fullwidth letters and the like) must not hide a number word
    if word := _NUMBER_WORDS.search(unicodedata.normalize("NFKC", own)):
        yield Violation(
            Kind.NUMBER_WORD, f"the number word {word.group()!r}: name a feature instead"
        )
    if _UNIT_AFTER.search(text):
        yield Violation(
            Kind.UNIT, f"a unit written behind a placeholder in {text!r}: the value brings its own"
        )
    if _GLUED.search(text):
        yield Violation(
            Kind.GLUED, f"something glued to a placeholder in {text!r} would change its value"
        )
    yield from _states(own, facts)


def _states(own: str, facts: Facts) -> Iterator[Violation]:
    for pattern, name, word in _STATES:
        for match in pattern.finditer(own):
            negated = _NEGATION.search(own[: match.start()]) is not None
            reading = band(facts, name)
            if reading is None or (reading == word) is negated:
                yield Violation(Kind.DIRECTION, f"{match.group()!r} does not agree with {name}")
    for match in _MEANS.finditer(own):
        side, period = match.group(1).lower(), match.group(2)
        distance = facts.number(f"sma{period}_distance")
        right = distance is not None and (distance > 0 if side == "above" else distance < 0)
        if not right or _NEGATION.search(own[: match.start()]):
            yield Violation(
                Kind.DIRECTION, f"{match.group()!r} does not agree with sma{period}_distance"
            )


def _shape(step: Step, draft: SectionDraft, facts: Facts) -> Iterator[Violation]:
    if not draft.headline.strip():
        yield Violation(Kind.SHAPE, "the headline is empty")
    texts = (draft.headline, *draft.findings, *draft.risks)
    if any(len(text) > _MOST_CHARACTERS for text in texts):
        yield Violation(Kind.SHAPE, f"a text is longer than {_MOST_CHARACTERS} characters")
    if len(draft.findings) > _MOST_FINDINGS:
        yield Violation(
            Kind.SHAPE, f"{len(draft.findings)} findings; at most {_MOST_FINDINGS} are read"
        )
    if not draft.findings and _has_readings(step, facts):
        yield Violation(Kind.SHAPE, "no finding although there are readings")
    if draft.findings and not draft.claims:
        yield Violation(Kind.SHAPE, "findings without a single claim cannot be checked")
    for finding in draft.findings:
        if not placeholders(finding):
            yield Violation(Kind.SHAPE, f"no feature is named in {finding!r}")


def _documents(draft: SectionDraft, facts: Facts) -> Iterator[Violation]:
    for name in dict.fromkeys(draft.documents):
        if name not in outside_names(facts):
            yield Violation(Kind.UNKNOWN_NAME, f"there is no document {name!r}")


def _has_readings(step: Step, facts: Facts) -> bool:
    """Tell whether most of a step's numbers are there: then there is something to say."""
    numbers = [f for f in facts.values() if f.unit != "text" and step in (f.step, Step.SYNTHESIS)]
    present = sum(f.value is not None for f in numbers)
    return present > len(numbers) - present


def _sides(draft: SectionDraft, facts: Facts) -> Iterator[Violation]:
    """Let direction words agree with the label, save in the risks: counter-evidence is there."""
    label = facts.word("label")
    for side, pattern in _SIDES.items():
        if label == side:
            continue
        for text in (draft.headline, *draft.findings):
            if word := pattern.search(without_placeholders(text)):
                yield Violation(
                    Kind.LABEL_SIDE,
                    f"{word.group()!r} speaks against the label {label}; say it as a risk",
                )


def _lean(step: Step, draft: SectionDraft, facts: Facts) -> Iterator[Violation]:
    if draft.lean is None:
        return
    if step is not Step.SYNTHESIS:
        yield Violation(Kind.LEAN, "only the synthesis has a lean")
        return
    label = Label(facts.word("label") or "")
    if abs(_ORDER.index(draft.lean) - _ORDER.index(label)) > 1:
        text = f"the lean {draft.lean} is more than one step from {label}"
        yield Violation(Kind.LEAN, text)
