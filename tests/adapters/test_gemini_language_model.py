"""The real SDK against the wire simulator."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from infra.simulators.models.gemini import (
    GeminiSimulator,
    Scripted,
    blocked,
    empty,
    fails,
    says,
)
from infra.simulators.models.http_door import HttpDoor
from shared.adapters.gemini_language_model import GeminiLanguageModel, plain_schema
from shared.domain.bias import SectionDraft
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.ports import ModelRequest

DRAFT = {"headline": "h", "findings": ["f"], "risks": [], "claims": [], "lean": None}


def request(timeout_s: float = 20.0) -> ModelRequest:
    return ModelRequest("system text", "prompt text", SectionDraft, 0.2, 512, timeout_s)


@pytest.fixture
def simulator() -> GeminiSimulator:
    return GeminiSimulator(otherwise=says(DRAFT))


@pytest.fixture
def door(simulator: GeminiSimulator) -> Iterator[HttpDoor]:
    with HttpDoor(simulator) as opened:
        yield opened


@pytest.fixture
async def model(door: HttpDoor, simulator: GeminiSimulator) -> AsyncIterator[GeminiLanguageModel]:
    adapter = GeminiLanguageModel("gemini-3.5-flash", simulator.key, base_url=door.url)
    yield adapter
    await adapter.close()


async def test_an_answer_comes_back_as_its_raw_text_with_the_tokens(model):
    answer = await model.generate(request())
    assert json.loads(answer.text) == DRAFT
    assert answer.model == "gemini-3.5-flash"
    assert (answer.usage.thinking, answer.usage.cached) == (8, 0)
    assert answer.usage.prompt > 0


async def test_the_request_carries_system_prompt_schema_and_limits(model, simulator):
    await model.generate(request())
    (sent,) = simulator.requests
    assert sent["systemInstruction"]["parts"] == [{"text": "system text"}]
    assert sent["contents"][0]["parts"] == [{"text": "prompt text"}]
    config = sent["generationConfig"]
    assert (config["temperature"], config["maxOutputTokens"]) == (0.2, 512)
    assert config["responseJsonSchema"] == plain_schema(SectionDraft)


def test_the_schema_is_flat_and_strict():
    schema = plain_schema(SectionDraft)
    assert "$ref" not in json.dumps(schema)
    assert "$defs" not in schema
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["headline", "findings", "risks", "claims", "lean"]
    assert schema["properties"]["claims"]["items"]["required"] == ["feature", "relation", "other"]


@dataclass(frozen=True)
class Case:
    id: str
    script: Scripted
    expected: type[DaybiasError]
    words: str


CASES = (
    Case("400", fails(400), RequestRejected, "INVALID_ARGUMENT"),
    Case("401", fails(401), AuthRejected, "UNAUTHENTICATED"),
    Case("403", fails(403), AuthRejected, "PERMISSION_DENIED"),
    Case("404", fails(404), RequestRejected, "NOT_FOUND"),
    Case("429", fails(429), RateLimited, "RESOURCE_EXHAUSTED"),
    Case("500", fails(500), UpstreamUnavailable, "INTERNAL"),
    Case("503", fails(503), UpstreamUnavailable, "UNAVAILABLE"),
    Case("502 as a page", fails(502, html=True), UpstreamUnavailable, "502"),
    Case("200 as a page", fails(200, html=True), ContractBroken, "another shape"),
    Case("safety block", blocked, ContractBroken, "SAFETY"),
    Case("no candidates", empty, ContractBroken, "no candidates"),
    Case("cut", says(DRAFT, finish="MAX_TOKENS"), ContractBroken, "MAX_TOKENS"),
    Case("empty text", says(""), ContractBroken, "empty"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_a_fault_becomes_the_error_that_says_what_to_do(case, model, simulator):
    simulator.script.append(case.script)
    with pytest.raises(case.expected, match=case.words):
        await model.generate(request())


async def test_a_rate_limit_says_how_long_to_wait(model, simulator):
    simulator.script.append(fails(429, retry_after_s=2.5))
    with pytest.raises(RateLimited) as caught:
        await model.generate(request())
    assert caught.value.retry_after_s == 2.5


async def test_a_failed_call_is_sent_once(model, simulator):
    simulator.script.append(fails(503))
    with pytest.raises(UpstreamUnavailable):
        await model.generate(request())
    assert len(simulator.requests) == 1


async def test_a_slow_first_byte_ends_at_the_timeout(model, simulator):
    await model.generate(request())  # the SDK's import and the first connection are not the point
    simulator.script.append(says(DRAFT, delay_s=30))
    started = asyncio.get_running_loop().time()
    with pytest.raises(UpstreamUnavailable, match="Timeout"):
        await model.generate(request(timeout_s=0.3))
    assert asyncio.get_running_loop().time() - started < 5


async def test_a_wrong_key_is_refused_and_not_repeated_in_the_message(door):
    adapter = GeminiLanguageModel("gemini-3.5-flash", "wrong-key-4711", base_url=door.url)
    with pytest.raises(AuthRejected) as caught:
        await adapter.generate(request())
    await adapter.close()
    assert "4711" not in str(caught.value)


async def test_an_unknown_model_is_a_rejected_request(door, simulator):
    adapter = GeminiLanguageModel("gemini-none", simulator.key, base_url=door.url)
    with pytest.raises(RequestRejected) as caught:
        await adapter.generate(request())
    await adapter.close()
    assert caught.value.status == 404


async def test_a_refused_connection_is_an_unavailable_upstream():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    adapter = GeminiLanguageModel("gemini-3.5-flash", "k", base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(UpstreamUnavailable):
        await adapter.generate(request())
    await adapter.close()


async def test_text_that_is_not_json_is_handed_on_for_the_caller_to_judge(model, simulator):
    simulator.script.append(says("no json at all"))
    answer = await model.generate(request())
    assert answer.text == "no json at all"


def test_both_versions_of_the_api_are_spoken(simulator):
    body = json.dumps({"contents": [{"parts": [{"text": "x"}]}]}).encode()
    for version in ("v1", "v1beta"):
        path = f"/{version}/models/gemini-3.5-flash:generateContent"
        reply = simulator.respond("POST", path, {"x-goog-api-key": simulator.key}, body)
        assert reply.status == 200
