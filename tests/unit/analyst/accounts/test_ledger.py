"""What models used: noted from real attempts, and beside them vectors; summed by day."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from shared.analyst.accounts.costs import By, line_of, sum_by
from shared.analyst.accounts.ledger import Ledger
from shared.analyst.deadline import Deadline
from shared.analyst.library import load_library
from shared.analyst.model import ModelAnalyst
from shared.domain.bias import Step
from shared.domain.errors import DaybiasError, RateLimited, StoreUnavailable, UpstreamUnavailable
from shared.domain.model_use import EmbeddingPurpose, EmbeddingUse, ModelUse, UseOutcome
from shared.ports import AnswerUnusable, ModelAnswer, Usage
from tests.markets import small_forecast, small_snapshot
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.scripted_language_model import ScriptedLanguageModel

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = {
    "headline": "RSI 14 at {rsi14} is overbought",
    "findings": ["It reads {rsi14}."],
    "claims": [{"feature": "rsi14", "relation": "high", "other": None}],
}
WRONG = GOOD | {"findings": ["It reads {rsi14}, that is 72.5."]}


async def noted(*script: object, arm: str | None = None) -> list[ModelUse]:
    clock, ledger = ManualClock(NOW), Ledger(MemoryDocuments())
    lines = [s if isinstance(s, Exception) else json.dumps(s) for s in script]
    model = ScriptedLanguageModel(lines, clock)
    analyst = ModelAnalyst(model, load_library(), clock, ledger=ledger, arm=arm)
    deadline = Deadline.within(clock, 10)
    with suppress(DaybiasError):
        await analyst.section(
            Step.TECHNICAL, small_snapshot(), small_forecast(), (), deadline=deadline
        )
    return await ledger.of_day(NOW.date())


@pytest.mark.parametrize(
    ("script", "outcome", "calls", "cost"),
    [
        ((GOOD,), UseOutcome.FIRST, 1, "0.0024"),
        ((WRONG, GOOD), UseOutcome.REPAIRED, 2, "0.0048"),
        ((WRONG, WRONG), UseOutcome.REFUSED, 2, "0.0048"),
        ((RateLimited("busy", retry_after_s=1),), UseOutcome.FAILED, 1, "0"),
        ((UpstreamUnavailable("timeout"),), UseOutcome.FAILED, 1, None),
        (
            (AnswerUnusable("cut", ModelAnswer("", "gemini-3.5-flash", Usage(1000))),),
            UseOutcome.FAILED,
            1,
            "0.0015",
        ),
    ],
    ids=["first", "repaired", "refused", "limited", "lost", "cut"],
)
async def test_every_attempt_is_noted_also_one_whose_draft_nobody_saw(script, outcome, calls, cost):
    (use,) = await noted(*script)
    assert (use.outcome, use.calls) == (outcome, calls)
    assert use.cost_usd == (None if cost is None else Decimal(cost))
    assert (use.instrument, use.step, use.prompt) == ("SPY", Step.TECHNICAL, "technical.v3")


async def test_an_attempt_says_which_arm_it_was_assigned_to():
    (use,) = await noted(GOOD, arm="terse/b")
    assert use.arm == "terse/b"


def use(**changes: object) -> ModelUse:
    usual = {
        "at": NOW,
        "instrument": "ES",
        "session": date(2026, 11, 25),
        "snapshot_hash": "abc",
        "step": Step.FLUX,
        "provider": "gemini",
        "model": "m",
        "prompt": "flux.v2",
        "outcome": UseOutcome.FIRST,
        "calls": 1,
        "prompt_tokens": 1000,
        "cached_tokens": 800,
        "output_tokens": 100,
        "thinking_tokens": 10,
        "cost_usd": Decimal("0.01"),
        "elapsed_ms": 900,
    }
    return ModelUse.model_validate(usual | changes)


async def test_only_the_uses_of_the_day_are_read_the_oldest_first_and_each_once():
    ledger = Ledger(MemoryDocuments())
    later, earlier = use(), use(at=NOW - timedelta(hours=1))
    for one in (later, earlier, later, use(at=NOW - timedelta(days=1))):
        await ledger.note(one)
    assert await ledger.of_day(NOW.date()) == [earlier, later]


def vectors(**changes: object) -> EmbeddingUse:
    usual = {
        "id": "v1",
        "at": NOW,
        "provider": "gemini",
        "model": "gemini-embedding-001",
        "purpose": EmbeddingPurpose.INDEX,
        "texts": 4,
        "tokens": 300,
        "estimated": False,
        "cost_usd": Decimal("0.000045"),
    }
    return EmbeddingUse.model_validate(usual | changes)


async def test_calls_for_vectors_come_after_the_attempts_of_their_day():
    ledger = Ledger(MemoryDocuments())
    late, early = vectors(), vectors(id="v2", at=NOW - timedelta(hours=1), cost_usd=None)
    for one in (late, early, vectors(id="v3", at=NOW + timedelta(days=1)), use()):
        await ledger.note(one)
    assert await ledger.of_day(NOW.date()) == [use(), early, late]


async def test_an_experiments_uses_are_read_together():
    ledger = Ledger(MemoryDocuments())
    await ledger.note(use(arm="terse/a"))
    await ledger.note(use(instrument="NQ", snapshot_hash="d"))
    assert [one.arm for one in await ledger.of_experiment("terse")] == ["terse/a"]


class Away(MemoryDocuments):
    async def commit(self, writes) -> None:
        raise StoreUnavailable("away")


async def test_an_answer_is_not_lost_because_its_cost_could_not_be_written():
    await Ledger(Away()).note(use())


def test_sums_are_made_by_what_is_asked_the_dearest_first():
    uses = [use(), use(step=Step.MACRO, cost_usd=Decimal("0.05"), outcome=UseOutcome.REFUSED)]
    macro, flux = sum_by(uses, By.STEP)
    assert (macro.name, macro.cost_usd, macro.accepted) == ("macro", Decimal("0.05"), 0)
    assert (flux.name, flux.cached_tokens, flux.accepted) == ("flux", 800, 1)
    for by, name in ((By.INSTRUMENT, "ES"), (By.PROVIDER, "gemini"), (By.MODEL, "gemini m")):
        (line,) = sum_by(uses, by)
        assert (line.name, line.cost_usd, line.calls) == (name, Decimal("0.06"), 2)
    assert [line.name for line in sum_by([use()], By.REQUEST)] == ["ES 2026-11-25 abc"]
    assert [line.name for line in sum_by([use()], By.PROMPT)] == ["flux.v2"]


def test_vectors_are_summed_beside_sections_and_make_none():
    line = line_of("total", [use(), vectors(), vectors(estimated=True, tokens=50)])
    assert (line.sections, line.accepted, line.calls) == (1, 1, 3)
    assert (line.prompt_tokens, line.estimated_tokens) == (1350, 50)
    assert (line.cost_usd, line.estimated_usd) == (Decimal("0.01009"), Decimal("0.000045"))


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (By.STEP, ["flux", "embeddings: index", "embeddings: search"]),
        (By.INSTRUMENT, ["ES", "embeddings"]),
        (By.PROVIDER, ["gemini"]),
        (By.PROMPT, ["flux.v2", "embeddings"]),
        (By.MODEL, ["gemini m", "gemini gemini-embedding-001"]),
        (By.REQUEST, ["ES 2026-11-25 abc", "embeddings"]),
    ],
)
def test_vectors_have_a_name_whatever_is_summed_by(by, names):
    uses = [use(), vectors(), vectors(purpose=EmbeddingPurpose.SEARCH)]
    assert [line.name for line in sum_by(uses, by)] == names


def test_one_unknown_cost_makes_the_sum_unknown_and_what_is_known_is_told():
    line = line_of("total", [use(), use(cost_usd=None)])
    assert (line.cost_usd, line.known_usd, line.unpriced) == (None, Decimal("0.01"), 1)
