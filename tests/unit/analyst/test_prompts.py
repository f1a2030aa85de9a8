"""What the released prompts say of the program that checks their answers is true."""

import json
import re
from datetime import UTC, datetime

import pytest

from shared.adapters.models.schema import plain_schema
from shared.analyst.drafts import LEVELS, claimable, claims_first, comparable, relations_of
from shared.analyst.facts import facts_of
from shared.analyst.inputs import inputs_of
from shared.analyst.library import Prompt, load_library
from shared.analyst.model import read_draft
from shared.analyst.relations import BANDS, RELATIONS
from shared.domain.bias import Feature, Label, SectionDraft, Snapshot, Step
from shared.features.table import DEFINITIONS
from tests.markets import small_forecast, small_snapshot

LATER = [
    p
    for s in Step
    for p in load_library().versions(s)
    if p.header.version > 1 and p.header.id in load_library().prompts
]
NEWEST = list(load_library().prompts.values())

# What the worked answers describe in words; every other number is ordinary.
DESCRIBED: dict[Step, dict[str, float | int | str | None]] = {
    Step.SECURITY: {
        "vol_percentile252": 8.0,
        "regime_ratio": -0.5,
        "range_atr": 0.4,
        "realized_vol20": 7.0,
        "parkinson_vol20": 9.0,
        "vix": None,
    },
    Step.MACRO: {"fomc_today": 1, "high_today": 2, "high_tomorrow": 1},
    Step.FLUX: {
        "value_position": 1.2,
        "volume_z60": -1.4,
        "close_location": 0.8,
        "cmf20": -0.1,
        "session_poc": None,
    },
    Step.LEADERS: {
        "leader_link": "no link",
        "leader_correlation60": 0.05,
        "leader_correlation_low": -0.2,
        "leader_correlation_high": 0.3,
    },
    Step.TECHNICAL: {
        "rsi14": 76.0,
        "adx14": 33.0,
        "plus_di14": 30.0,
        "minus_di14": 12.0,
        "swing_state": None,
    },
    Step.SYNTHESIS: {
        "vol_percentile252": 8.0,
        "regime_ratio": -0.5,
        "sma200_distance": -3.0,
        "high_today": 1,
    },
}


def invented(step: Step) -> Snapshot:
    features = []
    for own, definitions in DEFINITIONS.items():
        for definition in definitions:
            usual: float | str = "word" if definition.unit == "text" else 1.0
            value = DESCRIBED[step].get(definition.name, usual)
            features.append(
                Feature(
                    name=definition.name,
                    step=own,
                    value=value,
                    unit=definition.unit,
                    decimals=0 if isinstance(value, str | None) else 2,
                    as_of=datetime(2020, 5, 28, 20, tzinfo=UTC),
                    reason="not enough bars" if value is None else None,
                )
            )
    made = small_snapshot(tuple(features))
    return made.model_copy(update={"events": made.events * 3})


def example_of(prompt: Prompt) -> str:
    return next(line for line in prompt.system.splitlines() if line.startswith('{"claims"'))


@pytest.mark.parametrize("prompt", LATER, ids=lambda p: p.id)
def test_the_worked_answer_would_be_accepted(prompt):
    step = prompt.header.id
    forecast = small_forecast(Label.NEUTRAL) if step is Step.SYNTHESIS else None
    draft, faults = read_draft(step, example_of(prompt), facts_of(invented(step), forecast))
    assert faults == ()
    assert draft is not None


@pytest.mark.parametrize("prompt", LATER, ids=lambda p: p.id)
def test_the_worked_answer_has_the_asked_shape_and_no_number_that_could_be_taken_for_data(prompt):
    prompt.output.model_validate_json(example_of(prompt))
    described, answer = prompt.system.splitlines()[-2:]
    assert described.startswith("An invented")
    names_and_periods = r"\{\w+\}|\"\w+\"|\d+-(?:day|session)|(?:RSI|ADX) 14"
    assert not re.search(r"\d", re.sub(names_and_periods, "", answer))


@pytest.mark.parametrize("prompt", LATER, ids=lambda p: p.id)
def test_every_name_that_a_prompt_speaks_of_exists(prompt):
    known = {d.name for own in DEFINITIONS.values() for d in own}
    known |= set(facts_of(invented(Step.SYNTHESIS), small_forecast()))
    known |= {*SectionDraft.model_fields, "feature", "relation", "other", "documents", *LEVELS}
    spoken = set(re.findall(r"`([a-z][a-z0-9_]*)`|\{([a-z][a-z0-9_]*)\}", prompt.system))
    assert {name for pair in spoken for name in pair if name} <= known


@pytest.mark.parametrize("prompt", NEWEST, ids=lambda p: p.id)
def test_the_words_and_the_ends_that_a_prompt_lists_are_those_that_are_checked(prompt):
    step = prompt.header.id
    rows = re.findall(r"^- ([a-z, ]+)(?: \(needs `other`\))?: ", prompt.system, re.MULTILINE)
    assert {word for row in rows for word in row.split(", ")} == set(relations_of(step))
    ends = re.findall(r"`([a-z0-9_]+)` (-?[\d.]+) and (-?[\d.]+)", prompt.system)
    told = {name: (float(low), float(high)) for name, low, high in ends}
    assert told == {name: band for name, band in BANDS.items() if name in claimable(step)}


@pytest.mark.parametrize("prompt", NEWEST, ids=lambda p: p.id)
def test_what_is_sent_before_the_values_is_the_same_for_every_instrument(prompt):
    """Providers cache a prefix: schema and system text must not differ by one byte."""
    step = prompt.header.id
    forecast = small_forecast() if step is Step.SYNTHESIS else None
    sent = []
    for symbol in ("ES", "EURUSD"):
        snapshot = small_snapshot().model_copy(update={"instrument": symbol})
        text = prompt.fill(inputs_of(step, snapshot, facts_of(snapshot, forecast), ()))
        sent.append((json.dumps(plain_schema(prompt.output)), prompt.system, text))
    (schema_a, system_a, asked_a), (schema_b, system_b, asked_b) = sent
    assert (schema_a, system_a) == (schema_b, system_b)
    assert asked_a != asked_b
    assert asked_a.startswith("## Instrument and session\nES")  # the first thing that differs


@pytest.mark.parametrize("prompt", NEWEST, ids=lambda p: p.id)
def test_the_fixed_part_is_long_enough_to_be_cached(prompt):
    """Both providers cache from 1,024 tokens on; a token of English is at most five characters."""
    assert len(prompt.system) / 5 > 1024


def test_a_version_says_what_it_is_to_do_better_than_which():
    for prompt in LATER:
        assert prompt.header.changed_from == prompt.header.version - 1
        assert len(prompt.header.hypothesis) > 80


@pytest.mark.parametrize("step", Step)
def test_the_schema_asks_for_claims_first_and_for_nothing_that_is_not_read(step):
    schema = plain_schema(claims_first(step))
    asked = list(schema["properties"])
    assert asked[0] == "claims"
    assert asked[1:] == [name for name in SectionDraft.model_fields if name != "claims"]
    claim = schema["properties"]["claims"]["items"]["properties"]
    assert set(claim["relation"]["enum"]) <= RELATIONS
    assert claim["feature"]["enum"] == list(claimable(step))
    assert claim["other"]["anyOf"][0]["enum"] == list(comparable(step))


def test_a_step_may_not_claim_anything_of_another_steps_number():
    assert "rsi14" in claimable(Step.TECHNICAL)
    assert "rsi14" not in claimable(Step.FLUX)
    assert "next_high" not in claimable(Step.MACRO)  # a text of others proves nothing
    assert "p_bull" in claimable(Step.SYNTHESIS)
    assert "p_bull" not in claimable(Step.TECHNICAL)


def test_values_are_compared_only_with_values_of_a_unit_that_others_have_too():
    assert "rsi14" in comparable(Step.TECHNICAL)  # with ADX's parts, which are indexes too
    assert "surprise" not in comparable(Step.MACRO)
    assert "cpi_today" not in comparable(Step.MACRO)
    assert "near" not in relations_of(Step.MACRO)
