import contextlib
import json
import logging
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.analyst.deadline import Deadline
from shared.analyst.library import load_library
from shared.analyst.model import ModelAnalyst
from shared.domain.bias import Label, Section, Step
from shared.domain.errors import ContractBroken, RateLimited, UpstreamUnavailable
from tests.markets import small_forecast, small_snapshot
from tests.twins.manual_clock import ManualClock
from tests.twins.scripted_language_model import ScriptedLanguageModel

GOOD = {
    "headline": "RSI 14 at {rsi14} is overbought",
    "findings": ["It reads {rsi14}."],
    "risks": [],
    "claims": [{"feature": "rsi14", "relation": "high", "other": None}],
    "lean": None,
}
WRONG_NUMBER = GOOD | {"findings": ["It reads 72.5."]}


def model(*script: object, takes_s: float = 1.0) -> ScriptedLanguageModel:
    clock = ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC))
    lines = [s if isinstance(s, str | Exception) else json.dumps(s) for s in script]
    return ScriptedLanguageModel(lines, clock, takes_s=takes_s)


async def ask(model: ScriptedLanguageModel, step: Step = Step.TECHNICAL) -> Section:
    analyst = ModelAnalyst(model, load_library(), model._clock)
    by = Deadline.within(model._clock, 10)
    forecast = small_forecast(Label.BEARISH)
    return await analyst.section(step, small_snapshot(), forecast, (), deadline=by)


async def test_a_grounded_answer_becomes_a_signed_section_with_its_numbers_filled_in():
    asked = model(GOOD)
    section = await ask(asked)
    assert section.headline == "RSI 14 at 72.50 is overbought"
    assert (section.provider, section.model) == ("gemini", "gemini-3.5-flash")
    assert section.prompt == "technical.v3"
    assert section.elapsed_ms == 1000
    assert section.cost_usd == Decimal("0.0024")  # 1000 x 1.50 + 100 x 9.00 for a million
    assert len(asked.requests) == 1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (WRONG_NUMBER, "a number of its own"),
        ("no json", "Invalid JSON"),
        (GOOD | {"mood": "good"}, "mood: Extra inputs"),
        ({"headline": "x"}, "findings: Field required"),
        (GOOD | {"lean": "Sideways"}, "lean"),
        ('{"headline": ' + "[" * 50_000, "recursion limit"),
        (json.dumps(GOOD)[:-1] + ', "findings": ["It reads 72.5."]}', "a number of its own"),
    ],
    ids=[
        *("wrong number", "no json", "extra key", "missing key", "unknown lean"),
        *("nested without end", "a second value of a key"),
    ],
)
async def test_a_refused_draft_is_repaired_once_with_its_faults_listed(bad, words):
    asked = model(bad, GOOD)
    section = await ask(asked)
    assert section.findings == ("It reads 72.50.",)
    first, repair = asked.requests
    assert repair.prompt.startswith(first.prompt)
    assert words in repair.prompt
    assert repair.timeout_s == 9.0  # what is left of the deadline
    assert section.cost_usd == Decimal("0.0048")
    assert section.refused


async def test_violations_are_counted_by_kind_for_model_and_prompt(caplog):
    caplog.set_level(logging.INFO)
    section = await ask(model(WRONG_NUMBER | {"headline": "Seventy of 100"}, GOOD))
    assert section.refused == ("number", "number-word", "shape")
    refused, grounded, _ = (r for r in caplog.records if r.name == "shared.analyst.model")
    assert refused.message == "analyst.refused"
    assert refused.violations == {"number": 2, "number-word": 1, "shape": 1}
    assert (refused.model, refused.prompt) == ("gemini-3.5-flash", "technical.v3")
    assert grounded.message == "analyst.grounded"


@pytest.mark.parametrize(
    ("script", "outcome", "errors", "cost", "duration_ms"),
    [
        ([GOOD], "first", [], "0.0024", 1000),
        ([WRONG_NUMBER, GOOD], "repaired", [], "0.0048", 2000),
        ([WRONG_NUMBER, WRONG_NUMBER], "refused", [], "0.0048", 2000),
        ([RateLimited("later")], "failed", ["RateLimited"], "0", 1000),
        ([UpstreamUnavailable("away")], "failed", ["UpstreamUnavailable"], "unknown", 1000),
    ],
    ids=["first", "repaired", "refused", "limited", "away"],
)
async def test_an_attempt_is_logged_with_what_came_of_it_and_what_it_took(
    script, outcome, errors, cost, duration_ms, *, caplog
):
    caplog.set_level(logging.INFO)
    with contextlib.suppress(ContractBroken, RateLimited, UpstreamUnavailable):
        await ask(model(*script))
    (asked,) = (r for r in caplog.records if r.message == "analyst.asked")
    assert (asked.instrument, asked.step, asked.provider) == ("SPY", "technical", "gemini")
    assert (asked.outcome, asked.errors, asked.duration_ms) == (outcome, errors, duration_ms)
    assert asked.cost_usd == cost


async def test_what_a_refused_author_said_and_was_asked_stands_in_no_log(caplog):
    caplog.set_level(logging.INFO)
    said = WRONG_NUMBER | {"headline": "Seventy of 100"}
    with pytest.raises(ContractBroken):
        await ask(model(said, "no JSON, Seventy of 100"))
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert logged.count("analyst.refused") >= 2
    for secret in ("Seventy", "72.5", "You write the", "Texts from outside"):
        assert secret not in logged


async def test_of_two_values_of_a_key_the_one_that_is_checked_is_the_one_that_is_shown():
    section = await ask(model(json.dumps(WRONG_NUMBER)[:-1] + ', "findings": ["{rsi14}."]}'))
    assert section.findings == ("72.50.",)
    assert not section.refused


async def test_a_key_that_a_model_made_up_is_told_in_part():
    with pytest.raises(ContractBroken) as caught:
        await ask(model(GOOD | {"x" * 10_000: 1}))
    assert len(str(caught.value)) < 200


async def test_a_second_refusal_is_the_end_and_says_why():
    asked = model(WRONG_NUMBER)
    with pytest.raises(ContractBroken, match="a number of its own"):
        await ask(asked)
    assert len(asked.requests) == 2


async def test_no_repair_is_begun_without_time_for_it():
    asked = model(WRONG_NUMBER, GOOD, takes_s=9.5)
    with pytest.raises(UpstreamUnavailable, match="no time left"):
        await ask(asked)
    assert len(asked.requests) == 1


async def test_what_the_model_raises_goes_to_the_router():
    with pytest.raises(RateLimited):
        await ask(model(RateLimited("later")))


async def test_a_lean_of_the_synthesis_is_kept_beside_the_label():
    draft = {
        "headline": "{instrument}",
        "findings": ["A chance of {p_bear}."],
        "risks": [],
        "claims": [{"feature": "p_bear", "relation": "above", "other": "base_bear"}],
        "lean": "Neutral",
    }
    section = await ask(model(draft), Step.SYNTHESIS)
    assert section.lean is Label.NEUTRAL


async def test_a_lean_two_steps_from_the_label_refuses_the_draft():
    draft = GOOD | {"lean": "Bullish"}
    with pytest.raises(ContractBroken, match="more than one step"):
        await ask(model(draft), Step.SYNTHESIS)


async def test_an_answer_that_obeys_an_injected_instruction_is_refused():
    obeying = GOOD | {"headline": "Buy now, 100 % sure"}
    with pytest.raises(ContractBroken):
        await ask(model(obeying))
