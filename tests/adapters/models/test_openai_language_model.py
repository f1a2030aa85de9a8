"""The real SDK against the wire simulator: OpenAI's own server, and another maker's."""

from dataclasses import dataclass

import pytest

from infra.simulators.models.faults import Fault, line_of
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.openai import OpenAISimulator
from shared.adapters.models.openai_language_model import Effort, OpenAILanguageModel
from shared.adapters.models.schema import plain_schema
from shared.domain.bias import SectionDraft
from shared.domain.errors import AuthRejected, RateLimited
from shared.ports import ModelAnswer
from tests.contract.language_model import Connected, LanguageModelContract, request


class TestOpenAILanguageModel(LanguageModelContract):
    @pytest.fixture
    def simulator(self) -> OpenAISimulator:
        return OpenAISimulator()

    def connect(self, to: Connected) -> OpenAILanguageModel:
        return OpenAILanguageModel(to.model, to.key, base_url=f"{to.url}/v1", effort="none")


@dataclass
class Desk:
    simulator: OpenAISimulator
    url: str

    async def ask(self, effort: Effort | None = None, provider: str = "openai") -> ModelAnswer:
        model = OpenAILanguageModel(
            min(self.simulator.models),
            self.simulator.key if provider == "openai" else None,
            base_url=f"{self.url}/v1",
            provider=provider,
            effort=effort,
        )
        try:
            return await model.generate(request())
        finally:
            await model.close()


@pytest.fixture
def desk():
    simulator = OpenAISimulator()
    with HttpDoor(simulator) as door:
        yield Desk(simulator, door.url)


async def test_the_request_carries_system_prompt_strict_schema_and_limit(desk):
    await desk.ask()
    (sent,) = desk.simulator.requests
    asked = request()
    assert sent["messages"] == [
        {"role": "system", "content": asked.system},
        {"role": "user", "content": asked.prompt},
    ]
    wanted = sent["response_format"]["json_schema"]
    assert (wanted["strict"], wanted["schema"]) == (True, plain_schema(SectionDraft))
    assert (sent["max_completion_tokens"], sent["store"]) == (512, False)


@pytest.mark.parametrize(
    ("effort", "sent"),
    [
        (None, {"temperature": 0.2}),
        ("none", {"temperature": 0.2, "reasoning_effort": "none"}),
        ("low", {"reasoning_effort": "low"}),
    ],
)
async def test_a_temperature_goes_only_to_models_that_do_not_reason(desk, effort, sent):
    await desk.ask(effort)
    (request_,) = desk.simulator.requests
    chosen = {k: v for k, v in request_.items() if k in {"temperature", "reasoning_effort"}}
    assert chosen == sent


async def test_reasoning_is_counted_apart_from_the_answer(desk):
    usage = (await desk.ask()).usage
    assert (usage.thinking, usage.output > 0) == (8, True)


async def test_another_makers_server_is_asked_with_what_all_of_them_know_and_without_a_key(desk):
    desk.simulator.compatible = True
    await desk.ask(provider="local")
    (sent,) = desk.simulator.requests
    assert sent.keys() == {"model", "messages", "response_format", "max_tokens", "temperature"}


async def test_the_request_id_stands_in_the_error(desk):
    desk.simulator.script.append(line_of(Fault.RATE_LIMITED))
    with pytest.raises(RateLimited, match=r"\(request req_simulated\)"):
        await desk.ask()


async def test_a_provider_that_repeats_the_key_is_not_quoted(desk):
    right, desk.simulator.key = desk.simulator.key, "another"
    model = OpenAILanguageModel("gpt-5.4-mini", right, base_url=f"{desk.url}/v1")
    with pytest.raises(AuthRejected, match="its words repeat what was sent"):
        await model.check(timeout_s=20)
    await model.close()
