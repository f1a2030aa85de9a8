import logging
from datetime import timedelta

import pytest

from shared.analyst.audit.audited_model import AuditedModel
from shared.analyst.audit.calls import ModelCalls
from shared.domain.bias import SectionDraft
from shared.domain.errors import RateLimited, StoreUnavailable
from shared.ports import AnswerUnusable, ModelAnswer, ModelRequest, Usage
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.scripted_language_model import ScriptedLanguageModel
from tests.twins.seeded_entropy import SeededEntropy

REQUEST = ModelRequest(
    "the rules", "the numbers", SectionDraft, 0.2, 512, 10, "ES", "snapshot-1", "flux.v2"
)


class House:
    def __init__(self, documents: MemoryDocuments | None = None) -> None:
        self.clock = ManualClock()
        self.documents = documents or MemoryDocuments()
        self.calls = ModelCalls(
            self.documents, self.clock, SeededEntropy(7), keep=timedelta(days=30)
        )

    def model(self, *script: str | Exception) -> AuditedModel:
        return AuditedModel(ScriptedLanguageModel(script, self.clock), self.calls)


async def test_question_and_answer_are_kept_for_their_snapshot():
    house = House()
    await house.model("{}").generate(REQUEST)
    (kept,) = await house.calls.behind("snapshot-1")
    assert (kept["system"], kept["prompt"], kept["prompt_id"]) == (
        "the rules",
        "the numbers",
        "flux.v2",
    )
    assert (kept["answer"]["text"], kept["failure"]) == ("{}", None)
    assert await house.calls.behind("snapshot-2") == []


async def test_what_failed_is_kept_with_its_reason_and_what_was_said():
    house = House()
    cut = AnswerUnusable("gemini: cut", ModelAnswer('{"h', "m", Usage(prompt=1)))
    for error in (cut, RateLimited("later")):
        with pytest.raises(type(error)):
            await house.model(error).generate(REQUEST)
    first, second = await house.calls.behind("snapshot-1")
    assert (first["answer"]["text"], first["failure"]) == ('{"h', "AnswerUnusable: gemini: cut")
    assert (second["answer"], second["failure"]) == (None, "RateLimited: later")


async def test_what_is_over_is_not_shown_and_dropped_with_the_next_call():
    house = House()
    await house.model("{}").generate(REQUEST)
    house.clock.advance(timedelta(days=31))
    assert await house.calls.behind("snapshot-1") == []
    await house.model("{}").generate(REQUEST)
    assert len(await house.calls.behind("snapshot-1")) == 1


async def test_a_sweep_drops_all_that_is_over_and_nothing_else_though_nobody_asks_again():
    house = House()
    for _ in range(250):  # more than one commit takes
        await house.calls.put("gemini", REQUEST, None, "down")
    house.clock.advance(timedelta(days=20))
    await house.calls.put("gemini", REQUEST, None, "down")
    house.clock.advance(timedelta(days=11))
    assert [await house.calls.sweep(), await house.calls.sweep()] == [250, 0]
    assert len(await house.calls.behind("snapshot-1")) == 1


class Broken(MemoryDocuments):
    async def commit(self, writes) -> None:
        raise StoreUnavailable("down")


async def test_a_store_that_is_out_of_reach_costs_no_answer(caplog):
    answer = await House(Broken()).model("{}").generate(REQUEST)
    assert answer.text == "{}"
    assert [r.levelno for r in caplog.records if r.message == "audit.not_kept"] == [logging.WARNING]
