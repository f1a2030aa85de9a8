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
    found = [fault for text in shape.texts_of(draft) for fault in _sentence(Prose(text), facts)]
    found += [fault for claim in draft.claims if (fault := fault_of(claim, facts))]
    found += shape.check(step, draft, facts)
    return tuple(dict.fromkeys(found))


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
