"""What every message bus does; each adapter's test module subclasses it."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from typing import ClassVar, Protocol

import pytest

from shared.domain.errors import InvalidInput
from shared.ports import MessageBus, Outgoing
from tests.contract.endpoint import Endpoint

TOPIC = "executions"
MAX_ATTEMPTS = 5  # the smallest that Pub/Sub takes


class Lab(Protocol):
    """A bus with one subscription of TOPIC that pushes to `endpoint`."""

    bus: MessageBus
    endpoint: Endpoint

    async def until(self, reached: Callable[[], bool]) -> None:
        """Let the bus deliver until nothing more comes; fail when `reached` is still false."""
        ...

    async def dead(self) -> list[tuple[bytes, dict[str, str]]]:
        """Data and attributes of what is in the dead letter."""
        ...


class BusContract(ABC):
    """`gaps` names what an adapter cannot show, with the reason."""

    gaps: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    @abstractmethod
    def lab(self) -> AsyncIterator[Lab]: ...

    def _needs(self, capability: str) -> None:
        if capability in self.gaps:
            pytest.skip(f"{capability}: {self.gaps[capability]}")

    async def test_a_message_is_pushed_in_pub_subs_format(self, lab: Lab) -> None:
        await lab.bus.publish([Outgoing(TOPIC, b"hello")])
        await lab.until(lambda: lab.endpoint.data == [b"hello"])
        (push,) = lab.endpoint.received
        assert push.message_id
        assert push.publish_time is not None
        assert push.subscription.endswith(f"/subscriptions/{TOPIC}")

    async def test_attributes_survive(self, lab: Lab) -> None:
        attributes = {"run": "7", "näme": "wert ü 🚀", "empty": ""}
        await lab.bus.publish([Outgoing(TOPIC, b"x", attributes)])
        await lab.until(lambda: len(lab.endpoint.received) == 1)
        assert lab.endpoint.received[0].attributes == attributes

    @pytest.mark.parametrize("data", [bytes(range(256)), b"\xff\xfe", b"{}", b"\n"], ids=repr)
    async def test_any_bytes_survive(self, lab: Lab, data: bytes) -> None:
        await lab.bus.publish([Outgoing(TOPIC, data)])
        await lab.until(lambda: lab.endpoint.data == [data])

    async def test_attributes_alone_are_a_message(self, lab: Lab) -> None:
        await lab.bus.publish([Outgoing(TOPIC, b"", {"kind": "ping"})])
        await lab.until(lambda: lab.endpoint.data == [b""])

    async def test_a_batch_arrives_whole(self, lab: Lab) -> None:
        sent = [f"{n:03d}".encode() for n in range(100)]
        await lab.bus.publish([Outgoing(TOPIC, data) for data in sent])
        await lab.until(lambda: sorted(set(lab.endpoint.data)) == sent)

    async def test_messages_have_ids_of_their_own(self, lab: Lab) -> None:
        await lab.bus.publish([Outgoing(TOPIC, b"same"), Outgoing(TOPIC, b"same")])
        await lab.until(lambda: len(lab.endpoint.received) == 2)
        assert len({push.message_id for push in lab.endpoint.received}) == 2

    async def test_an_empty_batch_is_no_error(self, lab: Lab) -> None:
        await lab.bus.publish([])

    @pytest.mark.parametrize("status", [200, 201, 204])
    async def test_these_answers_acknowledge(self, lab: Lab, status: int) -> None:
        lab.endpoint.answer = lambda _: status
        await lab.bus.publish([Outgoing(TOPIC, b"once")])
        await lab.until(lambda: bool(lab.endpoint.received))
        assert lab.endpoint.data == [b"once"]

    @pytest.mark.parametrize("status", [202, 404, 503])
    async def test_other_answers_bring_the_same_message_again(self, lab: Lab, status: int) -> None:
        self._needs("retry")
        answers = iter([status, status])
        lab.endpoint.answer = lambda _: next(answers, 204)
        await lab.bus.publish([Outgoing(TOPIC, b"again", {"a": "1"})])
        await lab.until(lambda: lab.endpoint.data == [b"again"] * 3)
        assert len({push.message_id for push in lab.endpoint.received}) == 1
        assert [push.attributes for push in lab.endpoint.received] == [{"a": "1"}] * 3

    async def test_poison_reaches_the_dead_letter_and_holds_up_nobody(self, lab: Lab) -> None:
        self._needs("dead letter")
        lab.endpoint.answer = lambda push: 503 if push.data == b"poison" else 204
        sent = [Outgoing(TOPIC, b"poison", {"run": "7"}), Outgoing(TOPIC, b"good")]
        await lab.bus.publish(sent)
        await lab.until(lambda: lab.endpoint.data.count(b"poison") == MAX_ATTEMPTS)
        ((data, attributes),) = await lab.dead()
        assert (data, attributes["run"]) == (b"poison", "7")
        assert lab.endpoint.data.count(b"good") == 1

    async def test_attempts_are_counted(self, lab: Lab) -> None:
        self._needs("attempts")
        answers = iter([503, 503])
        lab.endpoint.answer = lambda _: next(answers, 204)
        await lab.bus.publish([Outgoing(TOPIC, b"again")])
        await lab.until(lambda: len(lab.endpoint.received) == 3)
        assert [push.delivery_attempt for push in lab.endpoint.received] == [1, 2, 3]

    async def test_an_unknown_topic_is_refused(self, lab: Lab) -> None:
        with pytest.raises(InvalidInput, match="no-such-topic"):
            await lab.bus.publish([Outgoing("no-such-topic", b"x")])

    async def test_a_message_above_nine_megabytes_is_refused_with_its_batch(self, lab: Lab) -> None:
        with pytest.raises(InvalidInput, match="bytes"):
            await lab.bus.publish([Outgoing(TOPIC, b"x"), Outgoing(TOPIC, b"x" * 9_000_001)])
        await lab.until(lambda: True)
        assert lab.endpoint.received == []

    async def test_a_message_of_nothing_is_refused(self, lab: Lab) -> None:
        with pytest.raises(InvalidInput, match="data or attributes"):
            await lab.bus.publish([Outgoing(TOPIC, b"")])
