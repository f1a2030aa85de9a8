import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.adapters.sqlite.sqlite_bus import SqliteBus, Subscription
from shared.adapters.sqlite.sqlite_pump import Drained, Pump
from shared.ports import Outgoing
from tests.contract.bus import MAX_ATTEMPTS, TOPIC, BusContract
from tests.contract.endpoint import Endpoint
from tests.twins.manual_clock import ManualClock

SUBSCRIPTION = Subscription(TOPIC, TOPIC, "/store_executions", max_attempts=MAX_ATTEMPTS)
OTHER = Subscription("audit", TOPIC, "/audit")


class SqliteLab:
    def __init__(self, path: Path, endpoint: Endpoint) -> None:
        self._clock = ManualClock()
        self.bus = SqliteBus(path, self._clock, [SUBSCRIPTION])
        self.endpoint = endpoint

    async def until(self, reached: Callable[[], bool]) -> None:
        async with httpx.AsyncClient() as client:

            async def deliver(subscription: Subscription, body: dict[str, Any]) -> int:
                assert subscription == SUBSCRIPTION
                return (await client.post(self.endpoint.url, json=body)).status_code

            await Pump(self.bus, deliver, self._clock).drain()
        assert reached()

    async def dead(self) -> list[tuple[bytes, dict[str, str]]]:
        return [(delivery.data, delivery.attributes) for delivery in await self.bus.dead()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bus.sqlite"


class TestSqliteBus(BusContract):
    @pytest.fixture
    async def lab(self, path: Path) -> AsyncIterator[SqliteLab]:
        async with Endpoint() as endpoint:
            lab = SqliteLab(path, endpoint)
            yield lab
            await lab.bus.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def bus(path: Path, clock: ManualClock) -> AsyncIterator[SqliteBus]:
    opened = SqliteBus(path, clock, [SUBSCRIPTION])
    yield opened
    await opened.close()


class Consumer:
    """Answers as it is told, in order, then 204; keeps when it was asked."""

    def __init__(self, clock: ManualClock, *answers: int) -> None:
        self._clock = clock
        self._answers = iter(answers)
        self.asked_at_s: list[float] = []
        self.subscriptions: list[str] = []

    async def __call__(self, subscription: Subscription, body: dict[str, Any]) -> int:
        self.asked_at_s.append(self._clock.monotonic())
        self.subscriptions.append(subscription.name)
        return next(self._answers, 204)


async def test_what_was_published_outlives_the_publisher(
    path: Path, bus: SqliteBus, clock: ManualClock
) -> None:
    await bus.publish([Outgoing(TOPIC, b"x")])
    await bus.close()
    reopened = SqliteBus(path, clock, [SUBSCRIPTION])
    (delivery,) = await reopened.lease(SUBSCRIPTION, 10)
    await reopened.close()
    assert delivery.data == b"x"


async def test_a_leased_message_is_nobody_elses(bus: SqliteBus) -> None:
    await bus.publish([Outgoing(TOPIC, b"x")])
    assert len(await bus.lease(SUBSCRIPTION, 10)) == 1
    assert await bus.lease(SUBSCRIPTION, 10) == []


async def test_the_message_of_a_killed_consumer_comes_again(
    bus: SqliteBus, clock: ManualClock
) -> None:
    await bus.publish([Outgoing(TOPIC, b"x")])
    await bus.lease(SUBSCRIPTION, 10)
    clock.advance(600)
    (again,) = await bus.lease(SUBSCRIPTION, 10)
    assert again.attempt == 2


async def test_a_message_that_kills_every_consumer_dies(bus: SqliteBus, clock: ManualClock) -> None:
    await bus.publish([Outgoing(TOPIC, b"x")])
    for _ in range(MAX_ATTEMPTS + 1):
        await bus.lease(SUBSCRIPTION, 10)
        clock.advance(600)
    assert [(d.data, d.attempt) for d in await bus.dead()] == [(b"x", MAX_ATTEMPTS)]
    assert await bus.due_in_s() == {}


async def test_a_late_refusal_does_not_touch_the_next_consumers_lease(
    bus: SqliteBus, clock: ManualClock
) -> None:
    await bus.publish([Outgoing(TOPIC, b"x")])
    (late,) = await bus.lease(SUBSCRIPTION, 10)
    clock.advance(600)
    await bus.lease(SUBSCRIPTION, 10)
    await bus.put_back(SUBSCRIPTION, late)
    assert await bus.due_in_s() == {SUBSCRIPTION.name: 600}


async def test_a_refusal_does_not_bury_what_is_on_its_last_attempt_elsewhere(
    path: Path, clock: ManualClock
) -> None:
    hasty = Subscription(TOPIC, TOPIC, "/", max_attempts=2, min_backoff_s=600)
    bus = SqliteBus(path, clock, [hasty])
    await bus.publish([Outgoing(TOPIC, b"busy")])
    await bus.lease(hasty, 1)
    clock.advance(600)
    await bus.lease(hasty, 1)  # its second and last attempt is running
    await bus.publish([Outgoing(TOPIC, b"refused")])
    (refused,) = await bus.lease(hasty, 1)
    await bus.put_back(hasty, refused)
    dead = await bus.dead()
    await bus.close()
    assert dead == []


async def test_backoff_doubles_up_to_its_limit(path: Path, clock: ManualClock) -> None:
    patient = Subscription(TOPIC, TOPIC, "/", 6, min_backoff_s=10, max_backoff_s=40)
    bus = SqliteBus(path, clock, [patient])
    consumer = Consumer(clock, 503, 503, 503, 503)
    await bus.publish([Outgoing(TOPIC, b"x")])
    drained = await Pump(bus, consumer, clock).drain()
    await bus.close()
    assert consumer.asked_at_s == [0, 10, 30, 70, 110]
    assert drained == Drained(acknowledged=1, refused=4)


async def test_every_subscription_of_a_topic_gets_the_message(
    path: Path, clock: ManualClock
) -> None:
    bus = SqliteBus(path, clock, [SUBSCRIPTION, OTHER])
    consumer = Consumer(clock)
    await bus.publish([Outgoing(TOPIC, b"x")])
    await Pump(bus, consumer, clock).drain()
    await bus.close()
    assert sorted(consumer.subscriptions) == ["audit", TOPIC]


async def test_draining_follows_what_the_consumers_publish(
    bus: SqliteBus, clock: ManualClock
) -> None:
    seen: list[int] = []

    async def chain(_: Subscription, body: dict[str, Any]) -> int:
        seen.append(len(seen))
        if len(seen) < 5:
            await bus.publish([Outgoing(TOPIC, b"next")])
        return 204

    await bus.publish([Outgoing(TOPIC, b"first")])
    await Pump(bus, chain, clock).drain()
    assert seen == [0, 1, 2, 3, 4]


async def test_draining_nothing_ends_at_once(bus: SqliteBus, clock: ManualClock) -> None:
    assert await Pump(bus, Consumer(clock), clock).drain() == Drained(0, 0)


async def test_what_waits_for_a_subscription_that_is_no_more_keeps_no_drain_going(
    path: Path, clock: ManualClock
) -> None:
    before = SqliteBus(path, clock, [SUBSCRIPTION, OTHER])
    await before.publish([Outgoing(TOPIC, b"x")])
    await before.close()
    bus = SqliteBus(path, clock, [OTHER])
    assert await bus.due_in_s() == {OTHER.name: 0}
    await bus.close()


async def test_a_slow_subscription_holds_up_no_other(path: Path, clock: ManualClock) -> None:
    bus = SqliteBus(path, clock, [SUBSCRIPTION, OTHER])
    release, served = asyncio.Event(), asyncio.Event()

    async def deliver(subscription: Subscription, body: dict[str, Any]) -> int:
        if subscription is SUBSCRIPTION:
            await release.wait()
        else:
            served.set()
        return 204

    await bus.publish([Outgoing(TOPIC, b"x")])
    running = asyncio.create_task(Pump(bus, deliver, clock).run())
    async with asyncio.timeout(10):
        await served.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await bus.close()
    assert not release.is_set()


async def test_a_running_pump_delivers_what_is_published_later(
    bus: SqliteBus, clock: ManualClock
) -> None:
    served = asyncio.Event()

    async def deliver(_: Subscription, body: dict[str, Any]) -> int:
        served.set()
        return 204

    running = asyncio.create_task(Pump(bus, deliver, clock).run())
    await asyncio.sleep(0)
    await bus.publish([Outgoing(TOPIC, b"x")])
    async with asyncio.timeout(10):
        await served.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
