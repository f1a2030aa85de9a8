"""Checks that a draft says nothing that the snapshot does not hold; what is unsure fails."""

from collections.abc import Iterator

from shared.analyst.checks import (
    capitals,
    characters,
    directions,
    fits,
    meanings,
    moods,
    names,
    nouns,
    numbers,
    shape,
    states,
    values,
)
from shared.analyst.checks.prose import Prose
from shared.analyst.checks.violation import Violation
from shared.analyst.facts import Facts
from shared.analyst.relations import fault_of
from shared.domain.bias import SectionDraft, Step


def violations(step: Step, draft: SectionDraft, facts: Facts) -> tuple[Violation, ...]:
    """List everything in a draft that is not supported, in words that its author can act on."""
    found = [fault for text in draft.sentences for fault in _sentence(Prose(text), facts)]
    found += [fault for claim in draft.claims if (fault := fault_of(claim, facts))]
    found += shape.check(step, draft, facts)
    return tuple(dict.fromkeys(found))


def grounded_part(step: Step, draft: SectionDraft, facts: Facts, headline: str) -> SectionDraft:
    """Leave out of a draft every sentence and claim that is not supported.

    Shape: `headline` stands in where the draft's own is one of them.
    """
    claims = tuple(claim for claim in draft.claims if fault_of(claim, facts) is None)
    bare = draft.model_copy(
        update={"headline": headline, "findings": (), "risks": (), "claims": claims}
    )
    passed = _faults(step, bare, facts)

    def holds(**part: object) -> bool:
        return _faults(step, bare.model_copy(update=part), facts) <= passed

    return bare.model_copy(
        update={
            "headline": draft.headline if holds(headline=draft.headline) else headline,
            "findings": tuple(one for one in draft.findings if holds(findings=(one,))),
            "risks": tuple(one for one in draft.risks if holds(risks=(one,))),
        }
    )


def _faults(step: Step, draft: SectionDraft, facts: Facts) -> set[Violation]:
    return set(violations(step, draft, facts))


def _sentence(prose: Prose, facts: Facts) -> Iterator[Violation]:
    yield from characters.check(prose)
    yield from numbers.check(prose)
    yield from values.check(prose, facts)
    yield from nouns.check(prose)
    yield from meanings.check(prose, facts)
    yield from fits.check(prose, facts)
    yield from names.check(prose, facts)
    yield from capitals.check(prose, facts)
    yield from directions.check(prose, facts)
    yield from states.check(prose, facts)
    yield from moods.check(prose, facts)
    yield from shape.promises(prose)
