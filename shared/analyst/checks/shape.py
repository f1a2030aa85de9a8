"""The form of a draft, its lean, its side, and that it promises nothing."""

import re
from collections.abc import Iterator
from functools import lru_cache

from shared.analyst.checks import fits
from shared.analyst.checks.prose import KEPT, Prose, negated
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts
from shared.analyst.inputs import outside_names
from shared.domain.bias import Label, SectionDraft, Step

_SIDES = {
    Label.BULLISH: re.compile(
        r"\b(?:bullish|upside|uptrend|rally|rallies|buy|go(?:ing)? long|longs|bulls|upward bias)\b",
        re.IGNORECASE,
    ),
    Label.NEUTRAL: re.compile(
        r"\b(?:label|call|lean) (?:is|reads|stays|remains) neutral\b", re.IGNORECASE
    ),
    Label.BEARISH: re.compile(
        r"\b(?:bearish|downside|downtrend|sell-?off|sell|go(?:ing)? short|shorts|bears"
        r"|downward bias)\b",
        re.IGNORECASE,
    ),
}
_CERTAIN = re.compile(
    r"\b(?:guarantee[ds]?|certain(?:ly|ty)|(?:is|are|almost|seems?|virtually) certain|certain to"
    r"|sure to|surely|for sure|definite(?:ly)?|undoubted(?:ly)?|inevitabl[ey]|risk[- ]free"
    r"|without (?:any )?risk|no[- ]brainer|can(?:not|'t) (?:lose|fail)|is going to|bound to"
    r"|will (?:certainly |surely )?"
    r"(?:rise|fall|rally|drop|climb|decline|gain|lose|close|hold|break|reverse|crash|soar)"
    r"|we recommend|should (?:buy|sell|go)|buy now|sell now|take profits?"
    r"|(?:enter|open|close) (?:a )?(?:long|short)|strong (?:buy|sell)"
    r"|always|invariably|every time|each time|without fail|never fails?|history shows"
    r"|wants? to (?:go|rise|fall|rally|move)|poised to|about to|(?:is|are) set to|heading for"
    r"|on (?:its|their) way (?:up|down|to)|stay(?:s|ing)? (?:out|away)\b|ought to"
    r"|(?:wise|prudent|smart) (?:investor|money|trader)s?|bargains?"
    r"|(?:buying|selling) opportunit\w+"
    r"|dips (?:is|are)|worth (?:buying|selling))\b"
    r"|^(?:buy|sell|go long|go short)\b",
    re.IGNORECASE,
)
_MOST_FINDINGS = 8
_MOST_CHARACTERS = 400  # of one sentence, before its values are filled in
_ORDER = (Label.BEARISH, Label.NEUTRAL, Label.BULLISH)


def check(step: Step, draft: SectionDraft, facts: Facts) -> Iterator[Violation]:
    """Yield what is wrong with a draft as a whole."""
    yield from _form(step, draft, facts)
    yield from _lean(step, draft, facts)
    yield from _documents(draft, facts)
    if step is Step.SYNTHESIS:
        yield from _sides(draft, facts)


@lru_cache(maxsize=KEPT)
def promises(prose: Prose) -> tuple[Violation, ...]:
    """List words of certainty and advice; a denied one is none."""
    said = "promises or advises: say what is, a reader decides"
    return tuple(
        Violation(Kind.CERTAINTY, f"{match.group()!r} {said}")
        for match in _CERTAIN.finditer(prose.own)
        if not negated(prose.own[: match.start()])
    )


def _form(step: Step, draft: SectionDraft, facts: Facts) -> Iterator[Violation]:
    if not draft.headline.strip():
        yield Violation(Kind.SHAPE, "the headline is empty")
    if any(len(text) > _MOST_CHARACTERS for text in draft.sentences):
        yield Violation(Kind.SHAPE, f"a text is longer than {_MOST_CHARACTERS} characters")
    if len(draft.findings) > _MOST_FINDINGS:
        text = f"{len(draft.findings)} findings; at most {_MOST_FINDINGS} are read"
        yield Violation(Kind.SHAPE, text)
    if not draft.findings and _has_readings(step, facts):
        yield Violation(Kind.SHAPE, "no finding although there are readings")
    if draft.findings and not draft.claims:
        yield Violation(Kind.SHAPE, "findings without a single claim cannot be checked")
    for finding in draft.findings:
        if not Prose(finding).names:
            yield Violation(Kind.SHAPE, f"no feature is named in {finding!r}")
        yield from fits.twice(Prose(finding), facts)


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
        for sentence in (draft.headline, *draft.findings):
            if word := pattern.search(Prose(sentence).own):
                text = f"{word.group()!r} speaks against the label {label}; say it as a risk"
                yield Violation(Kind.LABEL_SIDE, text)


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
