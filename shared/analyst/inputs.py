"""What a prompt is filled with: values with unit and time, and fenced texts from outside."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from shared.analyst.facts import Fact, Facts
from shared.domain.bias import Section, Snapshot, Step
from shared.domain.evidence import Evidence
from shared.domain.passage import PassageKind
from shared.domain.time import iso

# Facts whose text was written by third parties.
_FROM_OUTSIDE = ("next_high", "surprise_of", "event")
_LONGEST_LINE = 700
# Which retrieved texts a step reads; the synthesis reads all.
_READS = {
    Step.SECURITY: {PassageKind.NEWS, PassageKind.STATES},
    Step.MACRO: {PassageKind.EVENTS, PassageKind.NEWS},
    Step.FLUX: set[PassageKind](),
    Step.LEADERS: {PassageKind.NEWS},
    Step.TECHNICAL: {PassageKind.STATES},
    Step.SYNTHESIS: set(PassageKind),
}


def inputs_of(
    step: Step, snapshot: Snapshot, facts: Facts, earlier: Sequence[Section]
) -> Mapping[str, str]:
    """Prepare every input that a prompt may ask for."""
    chosen = [fact for fact in facts.values() if _concerns(step, fact)]
    return {
        "instrument": _instrument(snapshot),
        "features": "\n".join(_values(chosen)),
        "sections": fence(_sections(earlier)),
        "untrusted": fence([*_texts(chosen), *_documents(step, facts)]),
    }


def documents_for(step: Step, facts: Facts) -> Mapping[str, Evidence]:
    """Return the retrieved texts that a step reads, by name."""
    return {n: text for n, text in facts.documents.items() if text.kind in _READS[step]}


def outside_names(facts: Facts) -> set[str]:
    """Name every text from outside that an author may say to have used."""
    return {*facts.documents, *(fact.name for fact in facts.values() if _is_outside(fact))}


def fence(texts: Sequence[str]) -> str:
    """Put each text on one line behind a bar, so that no text can end its fence."""
    lines = [f"| {_plain(text)}" for text in texts] or ["| (nothing)"]
    return "\n".join(["<<<", *lines, ">>>"])


def _plain(text: str) -> str:
    one_line = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    return " ".join(one_line.split())[:_LONGEST_LINE]


def _concerns(step: Step, fact: Fact) -> bool:
    return step is Step.SYNTHESIS or fact.step is None or fact.step is step


def _is_outside(fact: Fact) -> bool:
    return fact.unit == "text" and fact.name.startswith(_FROM_OUTSIDE)


def _instrument(snapshot: Snapshot) -> str:
    source = snapshot.provenance
    prices = source.proxy_label or source.series
    return _plain(f"{snapshot.instrument}, session of {snapshot.session}, prices: {prices}")


def _values(facts: Sequence[Fact]) -> Iterator[str]:
    """Write a time and a reason once for all values that share it: most of them do."""
    known = [fact for fact in facts if fact.value is not None]
    for as_of in dict.fromkeys(fact.as_of for fact in known):
        yield f"As of {iso(as_of)}:" if as_of else "Of the session and its forecast:"
        yield from (_line(fact) for fact in known if fact.as_of == as_of)
    lacking = [fact for fact in facts if fact.value is None]
    for reason in dict.fromkeys(fact.reason for fact in lacking):
        names = ", ".join(fact.name for fact in lacking if fact.reason == reason)
        yield f"{names}: null ({_plain(reason or '')})"


def _line(fact: Fact) -> str:
    shown = "a text, fenced below" if _is_outside(fact) else _plain(fact.text)
    return f"{fact.name}: {shown} ({fact.unit})"


def _texts(facts: Sequence[Fact]) -> Iterator[str]:
    return (f"{f.name}: {f.text}" for f in facts if _is_outside(f) and f.value is not None)


def _documents(step: Step, facts: Facts) -> Iterator[str]:
    return (
        f"{name}: {text.kind} from {text.source}, {iso(text.published_at)}: "
        f"{text.title}. {text.text}"
        for name, text in documents_for(step, facts).items()
    )


def _sections(earlier: Sequence[Section]) -> list[str]:
    return [
        f"[{section.step}] {text}"
        for section in earlier
        for text in (section.headline, *section.findings, *section.risks)
    ]
