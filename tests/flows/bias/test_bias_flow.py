"""From open prices to answers by a model on the wire, records and scores: every part is real."""

from datetime import date

import pytest

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.script import fails, says
from shared.adapters.models.gemini_language_model import GeminiLanguageModel
from shared.adapters.system_clock import SystemClock
from shared.analyst.library import load_library
from shared.analyst.model import ModelAnalyst
from shared.analyst.rules import RulesAnalyst
from shared.bias.record.score import ScoreBias
from shared.bias.serving.service import Served
from shared.domain.bias import Bias
from shared.market.registry import load_instruments
from tests.markets import FRIDAY_NIGHT, OPEN_13, open_market
from tests.routers import same_for_all


async def answer_by(simulator: GeminiSimulator) -> Bias:
    market = await open_market()
    with HttpDoor(simulator) as door:
        gemini = GeminiLanguageModel("gemini-3.5-flash", simulator.key, base_url=door.url)
        model = ModelAnalyst(gemini, load_library(), SystemClock())
        service = market.service(same_for_all([model, RulesAnalyst()]))
        answer = await service.bias("ES")
        again = await service.bias("ES")
        await gemini.close()
    assert isinstance(answer, Served)
    assert isinstance(again, Served)
    assert again.bias == answer.bias
    return Bias.model_validate_json(answer.bias.model_dump_json())


async def test_a_model_on_the_wire_writes_all_six_sections_once():
    simulator = GeminiSimulator()
    bias = await answer_by(simulator)
    assert bias.provider == "gemini"
    assert len(simulator.requests) == 6
    assert {s.prompt for s in bias.sections} == {p.id for p in load_library().prompts.values()}
    assert all("{" not in s.headline for s in bias.sections)
    assert bias.sections[-1].lean is bias.forecast.label


@pytest.mark.parametrize(
    ("otherwise", "reason"),
    [
        (fails(503), "UpstreamUnavailable"),
        (fails(429, retry_after_s=30), "RateLimited"),
        (fails(403), "AuthRejected"),
        (says("no json"), "ContractBroken: ungrounded after one repair"),
        (says({"headline": "Up 3 %", "findings": [], "risks": [], "claims": [], "lean": None}),
         "a number of its own"),
    ],
    ids=["503", "429", "403", "invalid json", "wrong numbers"],
)  # fmt: skip
async def test_without_a_usable_model_the_rules_answer_and_every_section_says_why(
    otherwise, reason
):
    bias = await answer_by(GeminiSimulator(otherwise=otherwise))
    assert bias.provider == "rules"
    assert all(reason in (section.degraded or "") for section in bias.sections)


async def test_one_failed_call_costs_one_section_its_author():
    bias = await answer_by(GeminiSimulator(script=[fails(503)]))
    assert [s.provider for s in bias.sections].count("rules") == 1
    assert bias.provider in {"rules+gemini", "gemini+rules"}


async def test_from_the_close_to_the_score_on_real_prices():
    market = await open_market()
    report = await market.service().record()
    await market.move_to(FRIDAY_NIGHT)
    scorer = ScoreBias(
        market.documents, market.store, load_instruments(), market.clock, market.entropy
    )
    scored = await scorer.score(date(2020, 5, 29), {})
    assert sorted(scored.scored) == sorted(report.written) == sorted(OPEN_13)
