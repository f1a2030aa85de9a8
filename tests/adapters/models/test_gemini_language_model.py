"""The real SDK against the wire simulator."""

import json
from collections.abc import AsyncIterator, Iterator

import pytest

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from shared.adapters.models.gemini_language_model import GeminiLanguageModel
from shared.adapters.models.schema import plain_schema
from shared.domain.bias import SectionDraft
from tests.contract.language_model import Connected, LanguageModelContract, request


class TestGeminiLanguageModel(LanguageModelContract):
    @pytest.fixture
    def simulator(self) -> GeminiSimulator:
        return GeminiSimulator()

    def connect(self, to: Connected) -> GeminiLanguageModel:
        return GeminiLanguageModel(to.model, to.key, base_url=to.url)


@pytest.fixture
def simulator() -> GeminiSimulator:
    return GeminiSimulator()


@pytest.fixture
def door(simulator: GeminiSimulator) -> Iterator[HttpDoor]:
    with HttpDoor(simulator) as opened:
        yield opened


@pytest.fixture
async def model(door: HttpDoor, simulator: GeminiSimulator) -> AsyncIterator[GeminiLanguageModel]:
    adapter = GeminiLanguageModel(
        "gemini-3.5-flash", simulator.key, base_url=door.url, thinking_budget=256
    )
    yield adapter
    await adapter.close()


async def test_the_request_carries_system_prompt_schema_and_limits(model, simulator):
    asked = request()
    await model.generate(asked)
    (sent,) = simulator.requests
    assert sent["systemInstruction"]["parts"] == [{"text": "system text"}]
    assert sent["contents"][0]["parts"] == [{"text": asked.prompt}]
    config = sent["generationConfig"]
    assert config["temperature"] == 0.2
    assert config["responseJsonSchema"] == plain_schema(SectionDraft)


async def test_thoughts_are_bounded_and_take_nothing_from_the_answer(model, simulator):
    await model.generate(request())
    config = simulator.requests[0]["generationConfig"]
    assert config["thinkingConfig"] == {"thinking_budget": 256}
    assert config["maxOutputTokens"] == 512 + 256


async def test_every_harm_has_its_threshold(model, simulator):
    await model.generate(request())
    settings = simulator.requests[0]["safetySettings"]
    assert len(settings) == 4
    assert {s["threshold"] for s in settings} == {"BLOCK_ONLY_HIGH"}


def test_both_versions_of_the_api_are_spoken(simulator):
    body = json.dumps({"contents": [{"parts": [{"text": "x"}]}]}).encode()
    for version in ("v1", "v1beta"):
        path = f"/{version}/models/gemini-3.5-flash:generateContent"
        reply = simulator.respond("POST", path, {"x-goog-api-key": simulator.key}, body)
        assert reply.status == 200
