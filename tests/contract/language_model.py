"""What every language model does; each adapter's test module subclasses it.

The real SDK speaks to a simulator of its provider's wire, over a real connection.
"""

import asyncio
import contextlib
import json
import socket
import traceback
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from infra.simulators.models.faults import ARRIVES_WHOLE, Fault, line_of
from infra.simulators.models.http_door import HttpDoor
from infra.simulators.models.script import Stage, late, says
from infra.simulators.models.wire import Reply
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
    Fault.REDIRECTED: (RequestRejected, "307"),
    Fault.NOT_UTF8: (ContractBroken, "another shape"),
    Fault.NESTED: (ContractBroken, "another shape"),
    Fault.SLOW: (UpstreamUnavailable, "Timeout"),
    Fault.CUT_BODY: (UpstreamUnavailable, "Error"),
    Fault.CUT_STREAM: (UpstreamUnavailable, "Error"),
    Fault.NO_CANDIDATES: (AnswerUnusable, "no candidates"),
    Fault.EMPTY_TEXT: (AnswerUnusable, "empty"),
    Fault.REFUSED: (AnswerUnusable, "refused|SAFETY"),
    Fault.FILTERED: (AnswerUnusable, "content_filter|SAFETY"),
    Fault.TRUNCATED: (AnswerUnusable, "length|MAX_TOKENS"),
    Fault.NO_UNICODE: (AnswerUnusable, "no Unicode"),
    Fault.ENDLESS: (AnswerUnusable, r"of 350\d+ characters"),
}


def request(timeout_s: float = 20.0) -> ModelRequest:
    return ModelRequest("system text", PROMPT, SectionDraft, 0.2, 512, timeout_s)


_ODD: tuple[Any, ...] = (None, [], {}, "x", -1, 1.5, True, [None], ["x"], [[]], {"a": 1})


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = node.items() if isinstance(node, dict) else ()
    for key, value in enumerate(node) if isinstance(node, list) else inner:
        yield from _paths(value, (*path, key))


class Bent:
    """A simulator of whose replies one part is replaced; the first one stays whole."""

    def __init__(self, simulator: Stage) -> None:
        self.simulator = simulator
        self.seen: Any = None
        self.path: tuple[Any, ...] = ()
        self.odd: Any = None

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        reply = self.simulator.respond(method, path, headers, body)
        found = json.loads(reply.body)
        if self.seen is None:
            self.seen = found
            return reply
        return replace(reply, body=json.dumps(self._bent(found, self.path)).encode())

    def _bent(self, node: Any, path: tuple[Any, ...]) -> Any:
        if not path:
            return self.odd
        key, *rest = path
        node[key] = self._bent(node[key], tuple(rest))
        return node


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

    # google-genai warns of words that it does not know
    @pytest.mark.filterwarnings("ignore:.*is not a valid:UserWarning")
    async def test_an_envelope_with_any_part_of_another_shape_is_sorted_too(
        self, simulator: Stage
    ) -> None:
        bent = Bent(simulator)
        with HttpDoor(bent) as door:
            adapter = self.connect(Connected(min(simulator.models), simulator.key, door.url))
            await adapter.generate(request())
            cases = [(path, odd) for path in _paths(bent.seen) for odd in _ODD]
            for bent.path, bent.odd in cases:
                try:  # what the SDK can do without may be odd, all else is told
                    answer = await adapter.generate(request())
                except DaybiasError:
                    continue
                assert isinstance(answer.text, str)
                assert min(answer.usage.prompt, answer.usage.output) >= 0
            await adapter.close()
        assert len(cases) > 100

    async def test_a_check_that_is_answered_with_any_other_shape_is_sorted_too(
        self, simulator: Stage
    ) -> None:
        bent = Bent(simulator)
        with HttpDoor(bent) as door:
            adapter = self.connect(Connected(min(simulator.models), simulator.key, door.url))
            await adapter.check(timeout_s=20.0)
            cases = [(path, odd) for path in _paths(bent.seen) for odd in _ODD]
            for bent.path, bent.odd in cases:
                with contextlib.suppress(DaybiasError):
                    await adapter.check(timeout_s=20.0)
            await adapter.close()

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
