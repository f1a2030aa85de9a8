"""What every language model does; each adapter's test module subclasses it.

The real SDK speaks to a simulator of its provider's wire, over a real connection.
"""

import asyncio
import json
import socket
import traceback
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from infra.simulators.models.faults import ARRIVES_WHOLE, Fault, line_of
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.script import Stage, late, says
from shared.domain.bias import SectionDraft
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.ports import AnswerUnusable, LanguageModel, ModelRequest

DRAFT = {"headline": "h", "findings": ["f"], "risks": [], "claims": [], "lean": None}
PROMPT = "Say what the position of the desk in the crude contract means today."
KEY = "simulated-key"
EXPECTED: dict[Fault, tuple[type[DaybiasError], str]] = {
    Fault.BAD_REQUEST: (RequestRejected, "400"),
    Fault.BAD_KEY: (AuthRejected, "401"),
    Fault.FORBIDDEN: (AuthRejected, "403"),
    Fault.NO_MODEL: (RequestRejected, "404"),
    Fault.RATE_LIMITED: (RateLimited, "429"),
    Fault.QUOTA_SPENT: (QuotaSpent, "429"),
    Fault.INTERNAL: (UpstreamUnavailable, "500"),
    Fault.PROXY_PAGE: (UpstreamUnavailable, "502"),
    Fault.OVERLOADED: (UpstreamUnavailable, "503"),
    Fault.STRANGE_PAGE: (ContractBroken, "another shape"),
    Fault.SLOW: (UpstreamUnavailable, "Timeout"),
    Fault.CUT_BODY: (UpstreamUnavailable, "Error"),
    Fault.CUT_STREAM: (UpstreamUnavailable, "Error"),
    Fault.NO_CANDIDATES: (AnswerUnusable, "no candidates"),
    Fault.EMPTY_TEXT: (AnswerUnusable, "empty"),
    Fault.REFUSED: (AnswerUnusable, "refused|SAFETY"),
    Fault.FILTERED: (AnswerUnusable, "content_filter|SAFETY"),
    Fault.TRUNCATED: (AnswerUnusable, "length|MAX_TOKENS"),
}


def request(timeout_s: float = 20.0) -> ModelRequest:
    return ModelRequest("system text", PROMPT, SectionDraft, 0.2, 512, timeout_s)


@dataclass(frozen=True)
class Connected:
    """What an adapter is made with."""

    model: str
    key: str
    url: str


class LanguageModelContract(ABC):
    @pytest.fixture
    @abstractmethod
    def simulator(self) -> Stage: ...

    @abstractmethod
    def connect(self, to: Connected) -> LanguageModel: ...

    @pytest.fixture
    def door(self, simulator: Stage) -> Iterator[HttpDoor]:
        with HttpDoor(simulator) as opened:
            yield opened

    @pytest.fixture
    async def model(self, door: HttpDoor, simulator: Stage) -> AsyncIterator[LanguageModel]:
        adapter = self.connect(Connected(min(simulator.models), simulator.key, door.url))
        yield adapter
        await adapter.close()

    async def test_an_answer_comes_back_as_its_raw_text_with_the_tokens(
        self, model: LanguageModel, simulator: Stage
    ) -> None:
        simulator.script.append(says(DRAFT))
        answer = await model.generate(request())
        assert json.loads(answer.text) == DRAFT
        assert answer.model == min(simulator.models)
        assert answer.request_id != ""
        usage = answer.usage
        assert (usage.prompt, usage.cached) == (len(PROMPT + "system text") // 4, 0)
        assert (usage.output, usage.thinking) == (len(json.dumps(DRAFT)) // 4, 8)

    @pytest.mark.parametrize("fault", sorted(EXPECTED))
    async def test_a_fault_becomes_the_right_error_which_repeats_neither_key_nor_question(
        self, model: LanguageModel, simulator: Stage, fault: Fault
    ) -> None:
        expected, words = EXPECTED[fault]
        simulator.script.append(line_of(fault))
        timeout_s = 0.3 if fault is Fault.SLOW else 20.0
        if fault is Fault.SLOW:  # the SDK's import and the first connection are not the point
            await model.check(timeout_s=20.0)
        with pytest.raises(expected, match=words) as caught:
            await model.generate(request(timeout_s))
        assert type(caught.value) is expected
        assert str(caught.value).startswith(f"{model.provider}: ")
        assert len(simulator.requests) == 1
        logged = "".join(traceback.format_exception(caught.value))
        assert KEY not in logged
        assert "crude contract" not in logged

    @pytest.mark.parametrize("fault", sorted(ARRIVES_WHOLE))
    async def test_an_answer_that_arrives_whole_is_handed_on_for_the_caller_to_judge(
        self, model: LanguageModel, simulator: Stage, fault: Fault
    ) -> None:
        simulator.script.append(line_of(fault))
        assert (await model.generate(request())).text != ""

    @pytest.mark.parametrize(
        "fault", [Fault.EMPTY_TEXT, Fault.FILTERED, Fault.NO_CANDIDATES, Fault.TRUNCATED]
    )
    async def test_an_unusable_answer_is_counted_and_named_for_support(
        self, model: LanguageModel, simulator: Stage, fault: Fault
    ) -> None:
        simulator.script.append(line_of(fault))
        with pytest.raises(AnswerUnusable) as caught:
            await model.generate(request())
        answer = caught.value.answer
        assert answer.usage.prompt > 0
        assert answer.request_id in str(caught.value)

    async def test_a_rate_limit_says_how_long_to_wait(
        self, model: LanguageModel, simulator: Stage
    ) -> None:
        simulator.script.append(line_of(Fault.RATE_LIMITED))
        with pytest.raises(RateLimited) as caught:
            await model.generate(request())
        assert caught.value.retry_after_s == 2.5

    async def test_the_timeout_bounds_the_whole_call(
        self, model: LanguageModel, simulator: Stage
    ) -> None:
        await model.check(timeout_s=20.0)
        simulator.script.append(late(says(DRAFT), 30))
        started = asyncio.get_running_loop().time()
        with pytest.raises(UpstreamUnavailable):
            await model.generate(request(timeout_s=0.3))
        assert asyncio.get_running_loop().time() - started < 5

    async def test_a_check_passes_with_a_good_key_and_a_known_model(
        self, model: LanguageModel, simulator: Stage
    ) -> None:
        await model.check(timeout_s=20.0)
        assert simulator.requests == []

    async def test_a_wrong_key_is_refused_and_not_repeated(
        self, door: HttpDoor, simulator: Stage
    ) -> None:
        adapter = self.connect(Connected(min(simulator.models), "wrong-key-4711", door.url))
        for asked in (adapter.check(timeout_s=20.0), adapter.generate(request())):
            with pytest.raises(AuthRejected) as caught:
                await asked
            assert "4711" not in str(caught.value)
        await adapter.close()

    async def test_an_unknown_model_is_a_rejected_request(
        self, door: HttpDoor, simulator: Stage
    ) -> None:
        adapter = self.connect(Connected("no-such-model", simulator.key, door.url))
        for asked in (adapter.check(timeout_s=20.0), adapter.generate(request())):
            with pytest.raises(RequestRejected) as caught:
                await asked
            assert caught.value.status == 404
        await adapter.close()

    async def test_a_refused_connection_is_an_unavailable_upstream(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]
        adapter = self.connect(Connected("any", KEY, f"http://127.0.0.1:{port}"))
        for asked in (adapter.check(timeout_s=20.0), adapter.generate(request())):
            with pytest.raises(UpstreamUnavailable):
                await asked
        await adapter.close()
