"""The real SDK against the wire simulator."""

import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import pytest

from infra.simulators.models.faults import Fault, line_of
from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.gemini_embeddings import MODEL, WithEmbeddings
from infra.simulators.models.http_door import HttpDoor
from shared.adapters.models.gemini_embedder import GeminiEmbedder
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from tests.contract.embedder import EmbedderContract


@pytest.fixture
def simulator() -> WithEmbeddings:
    return WithEmbeddings(GeminiSimulator())


@pytest.fixture
def door(simulator: WithEmbeddings) -> Iterator[HttpDoor]:
    with HttpDoor(simulator) as opened:
        yield opened


@pytest.fixture
async def gemini(door: HttpDoor, simulator: WithEmbeddings) -> AsyncIterator[GeminiEmbedder]:
    adapter = GeminiEmbedder(MODEL, 768, simulator.gemini.key, base_url=door.url)
    yield adapter
    await adapter.close()


class Unbilled:
    """The adapter as an Embedder: its vectors alone."""

    def __init__(self, gemini: GeminiEmbedder) -> None:
        self._gemini = gemini
        self.model, self.dimension, self.close = gemini.model, gemini.dimension, gemini.close

    async def documents(self, texts: Sequence[str]) -> list[list[float]]:
        return (await self._gemini.documents(texts)).vectors

    async def query(self, text: str) -> list[float]:
        (vector,) = (await self._gemini.query(text)).vectors
        return vector


class TestGeminiEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self, gemini: GeminiEmbedder) -> Unbilled:
        return Unbilled(gemini)


async def test_tokens_are_those_of_the_sdks_usage_over_all_requests(gemini, simulator):
    simulator.tokens_a_word = 3
    assert (await gemini.query("two words")).tokens == 6
    assert (await gemini.documents(["one two"] * 150)).tokens == 900
    assert len(simulator.gemini.requests) == 3


@pytest.mark.parametrize("nothing", [None, 0])
async def test_where_no_tokens_are_told_there_is_no_count(nothing, gemini, simulator):
    simulator.tokens_a_word = nothing
    assert (await gemini.query("two words")).tokens is None


async def test_texts_and_questions_are_told_apart(gemini, simulator):
    await gemini.documents(["a text"])
    await gemini.query("a question")
    sent = [(one["taskType"], one["outputDimensionality"]) for one in simulator.asked]
    assert sent == [("RETRIEVAL_DOCUMENT", 768), ("RETRIEVAL_QUERY", 768)]


async def test_many_texts_are_sent_a_hundred_at_a_time(gemini, simulator):
    embedded = await gemini.documents([f"text {n}" for n in range(205)])
    assert len(embedded.vectors) == 205
    assert len(simulator.gemini.requests) == 3


@dataclass(frozen=True)
class Case:
    fault: Fault
    expected: type[DaybiasError]


CASES = (
    Case(Fault.BAD_REQUEST, RequestRejected),
    Case(Fault.BAD_KEY, AuthRejected),
    Case(Fault.FORBIDDEN, AuthRejected),
    Case(Fault.NO_MODEL, RequestRejected),
    Case(Fault.RATE_LIMITED, RateLimited),
    Case(Fault.QUOTA_SPENT, QuotaSpent),
    Case(Fault.INTERNAL, UpstreamUnavailable),
    Case(Fault.PROXY_PAGE, UpstreamUnavailable),
    Case(Fault.OVERLOADED, UpstreamUnavailable),
    Case(Fault.STRANGE_PAGE, ContractBroken),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault.value)
async def test_a_fault_becomes_the_error_that_says_what_to_do(case, gemini, simulator):
    simulator.gemini.script.append(line_of(case.fault))
    with pytest.raises(case.expected) as caught:
        await gemini.query("a private question")
    told = str(caught.value)
    assert "private question" not in told
    assert simulator.gemini.key not in told


async def test_a_failed_call_is_sent_once(gemini, simulator):
    simulator.gemini.script.append(line_of(Fault.OVERLOADED))
    with pytest.raises(UpstreamUnavailable):
        await gemini.query("x")
    assert len(simulator.gemini.requests) == 1


async def test_a_model_of_another_dimension_is_not_believed(door, simulator):
    class Stubborn(WithEmbeddings):
        def respond(self, method, path, headers, body):
            return super().respond(method, path, headers, body.replace(b"768", b"32"))

    with HttpDoor(Stubborn(GeminiSimulator())) as other:
        adapter = GeminiEmbedder(MODEL, 768, simulator.gemini.key, base_url=other.url)
        with pytest.raises(ContractBroken, match="expected 1 vectors of 768"):
            await adapter.query("x")
        await adapter.close()


async def test_a_refused_connection_is_an_unavailable_upstream():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    adapter = GeminiEmbedder(MODEL, 768, "k", base_url=f"http://127.0.0.1:{port}")
    with pytest.raises(UpstreamUnavailable):
        await adapter.query("x")
    await adapter.close()
