"""Valid drafts made wrong in every way of the table: each is found, by its kind."""

from collections.abc import Iterator
from functools import cache
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.analyst.checks.violation import Kind
from shared.analyst.facts import Facts
from shared.analyst.grounding import violations
from shared.analyst.rules import write_draft
from shared.domain.bias import Claim, SectionDraft, Step
from tests.grounding_corruptions import CORRUPTIONS, swapped
from tests.grounding_worlds import (
    EVENINGS,
    direction_pairs,
    honest_drafts,
    liars_drafts,
    strangers_drafts,
    world,
)

Base = tuple[Step, SectionDraft, Facts]
# a fast sample; `python -m tests.grounding_report corruptions` makes every one of every draft
FEW = 20
NUMBERS = {Kind.NUMBER, Kind.NUMBER_WORD, Kind.SCRIPT, Kind.DATE}
# A second wrong of these kinds can never make the first one true again, as a turned claim could.
INSERTED = ("ASCII digits", "number words", "dates and times", "marks that are not seen")
FOUND_AS: dict[str, set[Kind]] = {
    "ASCII digits": {Kind.NUMBER},
    "thousands separators": {Kind.NUMBER},
    "ranges": {Kind.NUMBER},
    "number words": {Kind.NUMBER_WORD},
    "ordinals": {Kind.NUMBER_WORD},
    "Unicode digits": NUMBERS,
    "superscripts, circled digits": NUMBERS,
    "fractions": NUMBERS,
    "Roman numerals": NUMBERS,
    "homoglyphs, spaced words": {Kind.SCRIPT},
    "marks that are not seen": {Kind.SCRIPT},
    "dates and times": {Kind.DATE, Kind.NUMBER},
    "another instrument": {Kind.INSTRUMENT},
    "invented levels and readings": {Kind.LEVEL, Kind.UNKNOWN_NAME},
    "invented events": {Kind.EVENT, Kind.UNKNOWN_NAME},
    "promises and advice": {Kind.CERTAINTY},
    "units behind a value": {Kind.UNIT, Kind.NUMBER_WORD, Kind.GLUED, Kind.SCRIPT},
    "signs and digits before a value": {Kind.GLUED, Kind.UNIT, Kind.SCRIPT},
    "something behind a value": {Kind.GLUED},
    "wrong names": {Kind.UNKNOWN_NAME},
    "braces": {Kind.BRACE, Kind.UNIT, Kind.UNKNOWN_NAME, Kind.SCRIPT, Kind.GLUED},
    "missing values": {Kind.MISSING_VALUE},
    "relations of claims": {Kind.RELATION, Kind.FALSE_CLAIM},
    "names in claims": {Kind.UNKNOWN_NAME, Kind.MISSING_VALUE, Kind.RELATION},
    "turned comparisons": {Kind.FALSE_CLAIM, Kind.RELATION},
}


@cache
def bases() -> tuple[Base, ...]:
    """The rules' texts of three evenings, and honest drafts about them."""
    ours = [
        (
            step,
            write_draft(step, world(name).snapshot, world(name).forecast),
            world(name).facts(step),
        )
        for name in EVENINGS
        for step in Step
    ]
    return (
        *ours,
        *((step, draft, world(name).facts(step)) for name, step, draft in honest_drafts()),
    )


def corrupted(kind: str) -> Iterator[Base]:
    for step, draft, facts in bases():
        for wrong in CORRUPTIONS[kind](draft, facts):
            yield step, wrong, facts


@cache
def sample(kind: str) -> tuple[Base, ...]:
    """Every nth of all corruptions of one kind, from all drafts."""
    everything = list(islice(corrupted(kind), 20_000))
    return tuple(everything[:: max(1, len(everything) // FEW)])


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_every_corruption_is_found_as_what_it_is(kind):
    assert len(sample(kind)) >= FEW / 2
    for step, wrong, facts in sample(kind):
        found = {fault.kind for fault in violations(step, wrong, facts)}
        assert found & FOUND_AS[kind], (wrong, found)


@given(st.sampled_from(sorted(CORRUPTIONS)), st.data())
def test_a_corruption_stays_found_beside_another_one(kind, data):
    step, wrong, facts = data.draw(st.sampled_from(sample(kind)))
    other = data.draw(st.sampled_from(INSERTED))
    twice = next(islice(CORRUPTIONS[other](wrong, facts), 3, None), wrong)
    assert violations(step, twice, facts)


@pytest.mark.parametrize(("name", "true", "false"), direction_pairs())
def test_one_wrong_word_of_direction_is_found_and_the_right_one_is_no_alarm(name, true, false):
    facts = world(name).facts(Step.TECHNICAL)

    def faults(finding: str) -> set[Kind]:
        draft = SectionDraft(
            headline="a usual day spans {atr14}",
            findings=(finding,),
            claims=(Claim(feature="atr14", relation="positive"),),
        )
        return {fault.kind for fault in violations(Step.TECHNICAL, draft, facts)}

    assert faults(true) == set()
    assert faults(false) & {Kind.DIRECTION, Kind.UNKNOWN_NAME, Kind.EVENT, Kind.LEVEL}


@pytest.mark.parametrize(
    ("number", "name", "step", "draft"), [(n, *x) for n, x in enumerate(honest_drafts())]
)
def test_what_an_honest_author_would_write_is_no_alarm(number, name, step, draft):
    assert violations(step, draft, world(name).facts(step)) == ()


@pytest.mark.parametrize(
    ("number", "name", "step", "draft"), [(n, *x) for n, x in enumerate(strangers_drafts())]
)
def test_what_a_stranger_would_write_in_another_voice_is_no_alarm(number, name, step, draft):
    assert violations(step, draft, world(name).facts(step)) == ()


@pytest.mark.parametrize("attempt", liars_drafts())
def test_what_misleads_inside_the_form_is_refused(attempt):
    name, step, draft = liars_drafts()[attempt]
    assert violations(step, draft, world(name).facts(step))


def test_a_value_in_the_place_of_another_is_found_in_nine_of_ten_cases():
    """Another value of the same step: the one that a model would mistake it for."""
    made = found = 0
    for name, step, draft in strangers_drafts():
        facts = world(name).facts(step)
        for wrong in swapped(step, draft, facts):
            made += 1
            found += bool(violations(step, wrong, facts))
    assert made > 200
    assert found / made > 0.88


def test_honest_drafts_are_many_and_of_every_step():
    steps = [step for _, step, _ in honest_drafts()]
    assert len(steps) >= 60
    assert all(steps.count(step) >= 10 for step in Step)


def test_a_draft_about_one_evening_is_refused_on_another():
    """A stale snapshot: what was true on that evening is false on this one."""
    refused = 0
    for name, step, draft in honest_drafts():
        others = [other for other in EVENINGS if other != name]
        refused += sum(bool(violations(step, draft, world(o).facts(step))) for o in others)
    assert refused / (2 * len(honest_drafts())) > 0.75


def test_the_violations_of_a_draft_come_once_each():
    facts = world("calm").facts(Step.TECHNICAL)
    same = "RSI 14 is 70."
    draft = SectionDraft(headline=same, findings=(same, same))
    found = violations(Step.TECHNICAL, draft, facts)
    assert len(set(found)) == len(found)
