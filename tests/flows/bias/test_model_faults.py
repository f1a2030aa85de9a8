"""Every provider with every fault: the rules answer all the same, and say why."""

from collections.abc import AsyncIterator

import pytest

from infra.simulators.models.__main__ import BothProviders
from infra.simulators.models.faults import Fault, line_of
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.script import author
from shared.adapters.models.gemini_language_model import GeminiLanguageModel
from shared.adapters.models.openai_language_model import OpenAILanguageModel
from shared.adapters.system_clock import SystemClock
from shared.analyst.deadline import Deadline
from shared.analyst.library import load_library
from shared.analyst.model import ModelAnalyst
from shared.analyst.router import Router
from shared.analyst.rules import RulesAnalyst
from shared.domain.bias import Section, Step
from tests.markets import small_forecast, small_snapshot
from tests.routers import same_for_all

PROVIDERS = ("gemini", "openai")


@pytest.fixture
def both() -> BothProviders:
    return BothProviders()


@pytest.fixture
async def analysts(both: BothProviders) -> AsyncIterator[dict[str, ModelAnalyst]]:
    with HttpDoor(both) as door:
        gemini = GeminiLanguageModel("gemini-3.5-flash", both.gemini.key, base_url=door.url)
        openai = OpenAILanguageModel("gpt-5.4-mini", both.openai.key, base_url=f"{door.url}/v1")
        models = {"gemini": gemini, "openai": openai}
        yield {
            name: ModelAnalyst(model, load_library(), SystemClock())
            for name, model in models.items()
        }
        await gemini.close()
        await openai.close()


async def written(router: Router, within_s: float = 20.0) -> Section:
    deadline = Deadline.within(SystemClock(), within_s)
    snapshot, forecast = small_snapshot(), small_forecast()
    return await router.section(Step.TECHNICAL, snapshot, forecast, (), deadline=deadline)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", list(Fault))
async def test_a_fault_ends_in_an_answer_by_rule_that_names_provider_and_reason(
    provider, fault, analysts, both
):
    simulator = {"gemini": both.gemini, "openai": both.openai}[provider]
    simulator.otherwise = line_of(fault)
    router = same_for_all([analysts[provider], RulesAnalyst()])
    section = await written(router, within_s=1.0 if fault is Fault.SLOW else 20.0)
    assert section.provider == "rules"
    assert (section.degraded or "").startswith(f"{provider}.")


async def test_the_second_provider_writes_where_the_first_one_fails(analysts, both):
    both.gemini.otherwise, both.openai.otherwise = line_of(Fault.OVERLOADED), author
    router = same_for_all([analysts["gemini"], analysts["openai"], RulesAnalyst()])
    section = await written(router)
    assert (section.provider, section.model) == ("openai", "gpt-5.4-mini")
    assert "gemini: 503" in (section.degraded or "")


@pytest.mark.parametrize("fault", [Fault.INVALID_JSON, Fault.WRONG_SCHEMA, Fault.PROMPT_ECHO])
async def test_an_answer_that_cannot_be_read_is_repaired_once(fault, analysts, both):
    both.openai.script.append(line_of(fault))
    section = await written(same_for_all([analysts["openai"], RulesAnalyst()]))
    assert section.provider == "openai"
    assert len(both.openai.requests) == 2
