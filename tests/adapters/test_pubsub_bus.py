import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import grpc
import pytest
from google.cloud.pubsub_v1.types import DeadLetterPolicy, PushConfig, RetryPolicy, Subscription
from google.protobuf.duration_pb2 import Duration
from google.pubsub_v1 import PublisherAsyncClient, SubscriberAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport

from shared.adapters.pubsub_bus import PubsubBus
from shared.domain.errors import InvalidInput, StoreUnavailable
from shared.ports import Outgoing
from tests.contract.bus import MAX_ATTEMPTS, TOPIC, BusContract
from tests.contract.endpoint import Endpoint

_PATIENCE_S = 30
_QUIET_S = 0.7  # longer than the emulator takes to push


def publisher(host: str) -> PublisherAsyncClient:
    channel = grpc.aio.insecure_channel(host)
    return PublisherAsyncClient(transport=PublisherGrpcAsyncIOTransport(channel=channel))


class PubsubLab:
    def __init__(self, host: str, project: str, endpoint: Endpoint) -> None:
        self._project = project
        self._publisher = publisher(host)
        channel = grpc.aio.insecure_channel(host)
        self._subscriber = SubscriberAsyncClient(
            transport=SubscriberGrpcAsyncIOTransport(channel=channel)
        )
        self.bus = PubsubBus(project, self._publisher)
        self.endpoint = endpoint

    def _topic(self, name: str) -> str:
        return f"projects/{self._project}/topics/{name}"

    def _subscription(self, name: str) -> str:
        return f"projects/{self._project}/subscriptions/{name}"

    async def open(self) -> None:
        dead = self._topic("dead")
        for topic in (self._topic(TOPIC), dead):
            await self._publisher.create_topic(name=topic)
        await self._subscriber.create_subscription(name=self._subscription("dead"), topic=dead)
        await self._subscriber.create_subscription(
            Subscription(
                name=self._subscription(TOPIC),
                topic=self._topic(TOPIC),
                ack_deadline_seconds=10,
                push_config=PushConfig(push_endpoint=self.endpoint.url),
                retry_policy=RetryPolicy(
                    minimum_backoff=Duration(nanos=100_000_000), maximum_backoff=Duration(seconds=1)
                ),
                dead_letter_policy=DeadLetterPolicy(
                    dead_letter_topic=dead, max_delivery_attempts=MAX_ATTEMPTS
                ),
            )
        )

    async def until(self, reached: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE_S
        while not reached() and time.monotonic() < end:
            await asyncio.sleep(0.05)
        count = -1
        while count != len(self.endpoint.received):  # nothing more comes
            count = len(self.endpoint.received)
            await asyncio.sleep(_QUIET_S)
        assert reached()

    async def dead(self) -> list[tuple[bytes, dict[str, str]]]:
        answer = await self._subscriber.pull(
            subscription=self._subscription("dead"), max_messages=10, timeout=_PATIENCE_S
        )
        found = [received.message for received in answer.received_messages]
        return [(message.data, dict(message.attributes)) for message in found]

    async def close(self) -> None:
        # a subscription left behind would go on pushing to an endpoint that is gone
        await self._subscriber.delete_subscription(subscription=self._subscription(TOPIC))
        await self.bus.close()
        await self._subscriber.transport.close()


@pytest.mark.emulator
class TestPubsubBus(BusContract):
    gaps: ClassVar[dict[str, str]] = {"attempts": "the emulator pushes no deliveryAttempt"}

    @pytest.fixture
    async def lab(self, pubsub_host: str, emulator_project: str) -> AsyncIterator[PubsubLab]:
        async with Endpoint() as endpoint:
            lab = PubsubLab(pubsub_host, emulator_project, endpoint)
            await lab.open()
            yield lab
            await lab.close()

    async def test_more_than_one_request_holds_is_sent_in_several(self, lab: PubsubLab) -> None:
        small = [Outgoing(TOPIC, b"%04d" % n) for n in range(1200)]
        await lab.bus.publish([*small, *(Outgoing(TOPIC, b"x" * 3_500_000) for _ in range(3))])
        await lab.until(lambda: len(set(lab.endpoint.data)) == 1201)

    async def test_a_topic_is_found_or_told_missing(self, lab: PubsubLab) -> None:
        await lab.bus.find(TOPIC)
        with pytest.raises(InvalidInput, match="no topic"):
            await lab.bus.find("nothing")


async def test_a_bus_that_is_not_there_is_unavailable() -> None:
    bus = PubsubBus("p-1", publisher("127.0.0.1:1"), timeout_s=0.3)
    with pytest.raises(StoreUnavailable, match="executions"):
        await bus.publish([Outgoing(TOPIC, b"x")])
    with pytest.raises(StoreUnavailable, match="executions"):
        await bus.find(TOPIC)
    await bus.close()
