"""The demo's acts over Firestore and Pub/Sub; the emulator pushes to the gateway's real port."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
import uvicorn
from google.cloud.pubsub_v1.types import PushConfig
from google.pubsub_v1 import PublisherAsyncClient, SubscriberAsyncClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcAsyncIOTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcAsyncIOTransport
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from infra.local.demo.bias_acts import BiasActs
from infra.local.demo.checks import Checks
from infra.local.demo.journal_acts import JournalActs
from infra.local.demo.mischief import MischievousBus
from infra.local.demo.prices import DATA
from infra.local.demo.scenario import THURSDAY_EVENING, connect, write_scenario
from infra.local.gateway import Gateway
from infra.local.replay_clock import ReplayClock
from infra.simulators.brokers.transport import SimulatorTransport
from shared.adapters.firestore_documents import FirestoreDocuments
from shared.adapters.memory_cache import MemoryCache
from shared.adapters.pubsub_bus import PubsubBus
from shared.adapters.system_entropy import SystemEntropy
from shared.ports import MessageBus, Outgoing
from shared.retrieval.search import SearchConfig
from shared.wiring.foundation import Foundation
from shared.wiring.local import SUBSCRIPTIONS, Drained, Push
from shared.wiring.retrieval.local import open_local_retrieval
from tests.ports import free_port
from tests.twins.memory_secrets import MemorySecrets

pytestmark = pytest.mark.emulator

_PATIENCE_S = 60


@dataclass
class CountingBus:
    """Counts what was published, so that a test can tell when all of it was acknowledged."""

    inner: MessageBus
    published: int = 0

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        await self.inner.publish(messages)
        self.published += len(messages)

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class EmulatorStack:
    """Stands where the embedded stack stands; the emulator delivers by itself."""

    foundation: Foundation
    bus: CountingBus
    acknowledged: set[str] = field(default_factory=set)

    async def drain(self, push: Push) -> Drained:
        end = time.monotonic() + _PATIENCE_S
        while len(self.acknowledged) < self.bus.published and time.monotonic() < end:
            await asyncio.sleep(0.05)
        assert len(self.acknowledged) == self.bus.published
        return Drained(len(self.acknowledged), 0)

    async def serve(self, push: Push) -> None:
        raise AssertionError("the emulator pushes")

    def watched(self, app: ASGIApp) -> ASGIApp:
        """Note the message ids that the gateway acknowledged to the emulator."""

        async def watch(scope: Scope, receive: Receive, send: Send) -> None:
            body = bytearray()

            async def reading() -> Message:
                message = await receive()
                body.extend(message.get("body", b""))
                return message

            async def answering(message: Message) -> None:
                if message["type"] == "http.response.start" and message["status"] == 204:
                    self.acknowledged.add(json.loads(bytes(body))["message"]["messageId"])
                await send(message)

            await app(scope, reading, answering)

        return watch


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def bus(pubsub_host: str, emulator_project: str, port: int) -> AsyncIterator[CountingBus]:
    """Topics and push subscriptions as terraform/pubsub.tf declares them, on the emulator."""
    publisher = PublisherAsyncClient(
        transport=PublisherGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(pubsub_host))
    )
    subscriber = SubscriberAsyncClient(
        transport=SubscriberGrpcAsyncIOTransport(channel=grpc.aio.insecure_channel(pubsub_host))
    )
    for wanted in SUBSCRIPTIONS:
        topic = f"projects/{emulator_project}/topics/{wanted.topic}"
        await publisher.create_topic(name=topic)
        await subscriber.create_subscription(
            name=f"projects/{emulator_project}/subscriptions/{wanted.name}",
            topic=topic,
            push_config=PushConfig(push_endpoint=f"http://127.0.0.1:{port}{wanted.endpoint}"),
            ack_deadline_seconds=60,
        )
    yield CountingBus(PubsubBus(emulator_project, publisher))
    for wanted in SUBSCRIPTIONS:  # else they would go on pushing to a port that is gone
        name = f"projects/{emulator_project}/subscriptions/{wanted.name}"
        await subscriber.delete_subscription(subscription=name)
    await subscriber.transport.close()


@pytest.fixture
def firestore(
    firestore_host: str, emulator_project: str, monkeypatch: pytest.MonkeyPatch
) -> FirestoreDocuments:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    return FirestoreDocuments(emulator_project)


@contextlib.asynccontextmanager
async def served(app: ASGIApp, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve())  # without its signal handlers: a test owns none
    while not server.started:
        await asyncio.sleep(0.01)
    yield
    server.should_exit = True
    await task


async def test_every_promise_of_the_demo_is_kept_on_firestore_and_pubsub(
    firestore: FirestoreDocuments, bus: CountingBus, port: int, tmp_path: Path
) -> None:
    clock, checks = ReplayClock(THURSDAY_EVENING), Checks()
    scenario = await write_scenario(clock)
    mischief = MischievousBus(bus)
    stack = EmulatorStack(
        Foundation(
            documents=firestore,
            bus=mischief,
            secrets=MemorySecrets(),
            clock=clock,
            entropy=SystemEntropy(),
            cache=MemoryCache(clock),
        ),
        bus,
    )
    transport = SimulatorTransport(scenario.world.handle)
    opened = open_local_retrieval(tmp_path / "replay" / "retrieval", SearchConfig())
    async with (
        Gateway(
            tmp_path / "replay",
            clock=clock,
            transport=transport,
            data_dir=DATA,
            stack=stack,
            retrieval=opened,
        ) as gateway,
        served(stack.watched(gateway.app), port),
    ):
        await connect(gateway)
        journal = JournalActs(gateway, clock, scenario, checks)
        bias = BiasActs(gateway, clock, checks, opened.embedder)
        await bias.record()
        await journal.backfill()
        await journal.tick_again()
        await bias.pre_open(tmp_path / "scratch")
        await journal.misbehave(mischief)
        await bias.score()
    assert checks.failed == []
