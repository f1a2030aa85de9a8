"""Every figure of an evaluation against a script that is known."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from shared.analyst.evaluation.harness import Harness, Plan, Purse, count
from shared.analyst.evaluation.trials import Case, case_of
from shared.analyst.library import load_library
from shared.analyst.rules import VERSION
from shared.domain.bias import Label, Step
from shared.domain.errors import InvalidInput, RateLimited, UpstreamUnavailable
from shared.ports import AnswerUnusable, ModelAnswer, ModelRequest, Usage
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
WRONG_NUMBER = GOOD | {"findings": ["It reads {rsi14}, that is 72.5."]}
WRONG_SHAPE = {"title": "Up", "score": 7}
LEANING = {
    "headline": "{instrument} {wording}",
    "findings": ["Bear has {p_bear} against {base_bear}."],
    "risks": [],
    "claims": [{"feature": "p_bear", "relation": "above", "other": "base_bear"}],
    "lean": "Bearish",
}
WITHOUT_LEAN = LEANING | {"lean": "Neutral"}


async def cases(many: int) -> tuple[Case, ...]:
    titles = [f"Chair speaks again, {'and ' * n}again" for n in range(many)]
    return tuple(
        [
            await case_of(small_snapshot(title=title), small_forecast(Label.BEARISH))
            for title in titles
        ]
    )


def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 24, 12, tzinfo=UTC))


def plan_of(found: tuple[Case, ...], step: Step, *, reruns: int = 0, inversions: bool = False):
    library = load_library()
    return Plan(
        found, {step: (library.prompts[step],)}, library, reruns=reruns, inversions=inversions
    )


async def evaluate(plan: Plan, *script: object, purse: Purse | None = None) -> dict:
    lines = [s if isinstance(s, str | Exception) else json.dumps(s) for s in script]
    time = clock()
    model = ScriptedLanguageModel(lines, time, takes_s=1.0)
    harness = Harness(model, "gemini-3.5-flash", time, purse or Purse(), parallel=1)
    return await harness.run(plan)


async def test_outcomes_violations_tokens_cost_and_time_are_those_of_the_script():
    plan = plan_of(await cases(4), Step.TECHNICAL)
    script = (
        GOOD,
        *(WRONG_NUMBER, GOOD),
        *(WRONG_SHAPE, WRONG_NUMBER),
        RateLimited("too many", retry_after_s=1.0),
    )
    report = await evaluate(plan, *script)
    (result,) = report["results"]
    assert (result["step"], result["prompt"]) == ("technical", "technical.v3")
    assert (result["n"], result["skipped"], result["calls"]) == (4, 0, 6)
    assert result["schema_valid"] == pytest.approx(2 / 3, abs=1e-4)  # the fourth had no answer
    assert (result["grounded_first"], result["repaired"], result["fell_back"]) == (0.25, 0.25, 0.5)
    assert result["failures"] == {"ContractBroken": 1, "RateLimited": 1}
    assert (result["violations"]["number"], result["violations"]["schema"]) == (1, 1)
    assert result["violations_after_repair"] == {"number": 1}
    assert result["tokens"] == {"prompt": 5000, "cached": 0, "output": 500, "thinking": 0}
    assert result["cached_share"] == 0.0
    assert result["cost_usd"] == "0.0120"  # five answers of 1000 and 100 tokens; the 429 is free
    assert report["spent_usd"] == "0.0120"
    assert result["latency_ms"] == {"p50": 1000, "p95": 2000}


async def test_an_answer_that_cannot_be_used_is_paid_for_and_a_lost_one_makes_the_cost_unknown():
    blocked = AnswerUnusable("blocked", ModelAnswer("", "gemini-3.5-flash", Usage(1000, 0, 0, 0)))
    plan = plan_of(await cases(1), Step.TECHNICAL)
    paid = await evaluate(plan, blocked)
    assert paid["results"][0]["cost_usd"] == "0.0015"
    lost = await evaluate(plan, UpstreamUnavailable("timeout"))
    assert lost["results"][0]["cost_usd"] is None
    assert lost["spent_usd"] is None


async def test_length_and_likeness_to_the_rules_are_those_of_accepted_drafts():
    plan = plan_of(await cases(2), Step.TECHNICAL)
    (result,) = (await evaluate(plan, GOOD, WRONG_SHAPE, WRONG_SHAPE))["results"]
    text = GOOD["headline"] + GOOD["findings"][0]
    assert result["length"] == {"characters": float(len(text)), "findings": 1.0, "claims": 1.0}
    assert 0 < result["agreement"]["topics"] < 1  # one of the several values that the rules name
    assert result["agreement"]["label"] is None  # a step without a lean


async def test_the_flip_rate_counts_leans_that_differ_from_the_usual_one_of_their_snapshot():
    plan = plan_of(await cases(2), Step.SYNTHESIS, reruns=2)
    # the two snapshots first, then two more runs of each
    script = (LEANING, LEANING, LEANING, WITHOUT_LEAN, LEANING, LEANING)
    (result,) = (await evaluate(plan, *script))["results"]
    again = result["repeatability"]
    assert (again["snapshots"], again["runs"]) == (2, 6)
    assert again["flip_rate"] == pytest.approx(1 / 6, abs=1e-4)
    assert again["same_text"] == 1.0
    assert result["agreement"]["label"] == 1.0
    assert result["agreement"]["leans"] == 2  # reruns do not count twice


class Reader:
    """Claims what the prompt says of RSI 14, and nothing else."""

    provider = "openai"

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        word, relation = (
            ("overbought", "high")
            if "rsi14: 72.50" in request.prompt
            else (
                "oversold",
                "low",
            )
        )
        draft = GOOD | {
            "headline": f"RSI 14 at {{rsi14}} is {word}",
            "claims": [{"feature": "rsi14", "relation": relation, "other": None}],
        }
        return ModelAnswer(json.dumps(draft), "reader", Usage(10, 0, 10, 0))

    async def check(self, *, timeout_s: float) -> None: ...

    async def close(self) -> None: ...


async def test_an_answer_that_follows_its_input_moves_when_the_input_is_turned_round():
    plan = plan_of(await cases(2), Step.TECHNICAL, inversions=True)
    moving = await Harness(Reader(), "reader", clock(), parallel=1).run(plan)
    assert moving["results"][0]["sensitivity"] == {
        "technical": {"n": 2, "claims_moved": 1.0, "lean_moved": 0.0}
    }
    assert moving["results"][0]["cost_usd"] is None  # no price is known, so the cost is not 0


async def test_the_rules_are_the_baseline_that_costs_nothing_and_never_varies():
    found = await cases(2)
    plan = Plan(
        found,
        dict.fromkeys((Step.TECHNICAL, Step.SYNTHESIS), ()),
        load_library(),
        reruns=1,
        inversions=False,
    )
    report = await Harness(None, "rules", clock()).run(plan)
    assert [r["prompt"] for r in report["results"]] == [VERSION, VERSION]
    for result in report["results"]:
        assert (result["grounded_first"], result["fell_back"]) == (1.0, 0.0)
        assert result["agreement"]["topics"] == 1.0
        assert result["repeatability"]["same_text"] == 1.0
        assert (result["cost_usd"], result["calls"]) == ("0", 0)


async def test_nothing_is_asked_when_the_estimate_is_above_the_cap():
    plan = plan_of(await cases(2), Step.TECHNICAL)
    with pytest.raises(InvalidInput, match=r"would be spent, the cap is 0\.001"):
        await evaluate(plan, GOOD, purse=Purse(Decimal("0.001")))


async def test_a_cap_cannot_be_held_for_a_model_whose_price_is_not_known():
    plan = plan_of(await cases(1), Step.TECHNICAL)
    harness = Harness(Reader(), "reader", clock(), Purse(Decimal(1)))
    with pytest.raises(InvalidInput, match="no price of reader is known"):
        await harness.run(plan)


async def test_what_is_not_asked_for_want_of_money_is_counted():
    plan = plan_of(await cases(3), Step.TECHNICAL)
    report = await evaluate(plan, GOOD, purse=Purse(Decimal(1), spent_usd=Decimal(1)))
    assert (report["results"][0]["n"], report["results"][0]["skipped"]) == (0, 3)


def test_a_trial_of_unknown_cost_takes_the_worst_from_the_purse():
    purse = Purse(Decimal("0.02"), worst_usd=Decimal("0.02"))
    purse.take(None)
    assert not purse.is_open
    assert purse.unknown == 1


def test_a_trial_of_unknown_cost_takes_what_it_cost_at_most_where_that_is_known():
    purse = Purse(Decimal("0.02"), worst_usd=Decimal("0.02"))
    purse.take(None, Decimal("0.001"))
    assert (purse.spent_usd, purse.unknown) == (Decimal("0.001"), 1)


async def test_the_estimate_is_rather_too_much():
    plan = plan_of(await cases(2), Step.TECHNICAL)
    time = clock()
    model = ScriptedLanguageModel([json.dumps(GOOD)], time)
    estimate = Harness(model, "gemini-3.5-flash", time).estimate_usd(plan)
    report = await evaluate(plan, GOOD)
    assert estimate is not None
    assert estimate > Decimal(report["spent_usd"])


async def test_the_sections_are_counted_before_they_are_asked_for():
    plan = plan_of(await cases(7), Step.SYNTHESIS, reruns=2, inversions=True)
    assert count(plan, rules=False) == 7 + 5 * (2 + 5)  # five groups of the first five snapshots
