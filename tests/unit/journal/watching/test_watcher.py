import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.brokers.engine.streaming import Said, Stream
from shared.domain.errors import AuthRejected, DaybiasError, RateLimited, UpstreamUnavailable
from shared.domain.ids import ConnectionId, UserId
from shared.domain.sync.connection import Connection, ConnectionState, Health
from shared.journal.watching.watcher import Ear, Watched, Watcher
from tests.twins.manual_clock import START
from tests.twins.seeded_entropy import SeededEntropy
from tests.twins.stepped_clock import SteppedClock

STREAM = Stream({}, lambda _: ["/stream"], lambda _: Said.NOTHING, timedelta(seconds=20))
END = None


def connection(name: str = "c1", state: ConnectionState = ConnectionState.ACTIVE) -> Connection:
    return Connection(
        user_id=UserId("local"),
        connection_id=ConnectionId(name),
        broker="oanda",
        environment="practice",
        label=name,
        auth="api_key",
        sealed="",
        health=Health(state=state, since=START),
        created_at=START,
        login_at=START,
        next_due_at=START,
    )


class House:
    """A broker whose streams say what the test lets them say; `synced` lists when who was read."""

    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.connections = [connection()]
        self.stream: Stream | None = STREAM
        self.synced: list[float] = []
        self.opened: list[float] = []
        self.openings: list[DaybiasError] = []  # what the next tries to open end with
        self.sync_errors: list[DaybiasError] = []
        self.sync_takes_s = 0.0
        self.streams: list[asyncio.Queue[Any]] = []
        self.at_once = 1
        self.watcher = Watcher(
            self.clock, SeededEntropy(), self.listed, lambda _: self.stream, self.open, self.sync
        )

    async def listed(self) -> Sequence[Connection]:
        return list(self.connections)

    async def sync(self, connection: Connection) -> str:
        self.synced.append(self.clock.monotonic())
        await self.clock.sleep(self.sync_takes_s)
        if self.sync_errors:
            raise self.sync_errors.pop(0)
        return "complete"

    @asynccontextmanager
    async def open(self, connection: Connection) -> AsyncIterator[list[AsyncIterator[Said]]]:
        self.opened.append(self.clock.monotonic())
        if self.openings:
            raise self.openings.pop(0)
        self.streams = [asyncio.Queue() for _ in range(self.at_once)]
        yield [self.lines(queue) for queue in self.streams]

    async def lines(self, queue: asyncio.Queue[Any]) -> AsyncIterator[Said]:
        while (said := await queue.get()) is not END:
            if isinstance(said, Exception):
                raise said
            yield said

    def say(self, said: Any, stream: int = 0) -> None:
        self.streams[stream].put_nowait(said)

    async def beat(self, seconds: float) -> None:
        """Let time go by on streams that are alive."""
        for _ in range(int(seconds // 10)):
            await self.clock.step(10)
            for stream in range(len(self.streams)):
                self.say(Said.NOTHING, stream)
        await self.clock.step(seconds % 10)

    @property
    def watched(self) -> Watched:
        return self.watcher.watched[ConnectionId("c1")]


@pytest.fixture
async def house() -> House:
    return House()


@asynccontextmanager
async def watching(house: House, settle_s: float = 20) -> AsyncIterator[None]:
    task = asyncio.create_task(house.watcher.run())
    try:
        await house.beat(settle_s)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_connection_is_read_as_soon_as_its_stream_is_open(house: House) -> None:
    async with watching(house):
        assert (house.synced, house.watched.ear) == ([2.0], Ear.LISTENING)


async def test_news_are_read_two_seconds_later(house: House) -> None:
    async with watching(house):
        house.say(Said.BOOKED)
        await house.beat(5)
        assert house.synced[1:] == [22.0]


async def test_a_burst_of_news_is_one_sync(house: House) -> None:
    async with watching(house):
        for _ in range(50):
            house.say(Said.BOOKED)
            await house.clock.step(0.05)
        await house.beat(10)
        assert (len(house.synced[1:]), house.watched.news) == (1, 50)


async def test_what_is_no_news_is_no_reason_to_read(house: House) -> None:
    async with watching(house):
        house.say(Said.NOTHING)
        await house.beat(60)
        assert house.synced[1:] == []


async def test_without_news_a_connection_is_read_every_fifteen_minutes(house: House) -> None:
    async with watching(house):
        await house.beat(31 * 60)
        assert [round(at) for at in house.synced[1:]] == [902, 1802]


async def test_a_broker_without_a_stream_is_asked_by_the_clock(house: House) -> None:
    house.stream = None
    async with watching(house):
        await house.beat(16 * 60)
        assert (house.synced, house.opened, house.watched.ear) == ([2.0, 902.0], [], Ear.NONE)


async def test_a_silent_stream_is_opened_again_and_what_it_missed_is_read(house: House) -> None:
    async with watching(house):
        await house.clock.step(20.1)
        assert house.watched.why == "the stream said nothing for 20 s"
        await house.clock.step(5)
        assert (len(house.opened), len(house.synced)) == (2, 2)


async def test_one_silent_stream_of_several_is_enough(house: House) -> None:
    house.at_once = 2
    async with watching(house):
        for _ in range(3):
            house.say(Said.NOTHING, 1)
            await house.clock.step(9)
        assert len(house.opened) == 2


@pytest.mark.parametrize("end", [END, Said.CLOSE, UpstreamUnavailable("it broke")])
async def test_a_stream_that_ends_is_opened_again(house: House, end: Any) -> None:
    async with watching(house):
        house.say(end)
        await house.clock.step(5)
        assert (len(house.opened), house.watched.ear) == (2, Ear.LISTENING)


async def test_a_broker_that_is_down_is_tried_less_and_less_often(house: House) -> None:
    house.openings = [UpstreamUnavailable("down")] * 6
    async with watching(house, 120):
        gaps = [b - a for a, b in zip(house.opened, house.opened[1:], strict=False)]
        bounds = [1, 2, 4, 8, 16, 32]
        assert all(at / 2 <= gap <= at for gap, at in zip(gaps, bounds, strict=True))


@pytest.mark.parametrize("refused", [AuthRejected("no"), Said.REFUSED])
async def test_a_refused_login_is_left_to_the_clock(house: House, refused: Any) -> None:
    if isinstance(refused, AuthRejected):
        house.openings = [refused]
    async with watching(house):
        if isinstance(refused, Said):
            house.say(refused)
        await house.beat(400)
        assert (len(house.opened), house.watched.ear) == (1, Ear.BROKEN)


@pytest.mark.parametrize("state", [ConnectionState.PAUSED, ConnectionState.NEEDS_REAUTH])
async def test_a_resting_connection_is_not_listened_to_until_it_is_resumed(
    house: House, state: ConnectionState
) -> None:
    house.connections = [connection(state=state)]
    async with watching(house):
        assert (house.opened, house.watched.ear) == ([], Ear.RESTING)
        house.connections = [connection()]
        await house.beat(130)
        assert house.watched.ear is Ear.LISTENING


async def test_a_sync_that_fails_is_told_and_tried_again_by_the_clock(house: House) -> None:
    house.stream, house.sync_errors = None, [UpstreamUnavailable("OANDA does not answer")]
    async with watching(house):
        assert house.watched.result == "OANDA does not answer"
        await house.beat(900)
        assert house.watched.result == "complete"


async def test_while_a_broker_asks_to_wait_news_do_not_hurry_it(house: House) -> None:
    house.sync_errors = [RateLimited("slow down", retry_after_s=120.0)]
    async with watching(house):
        house.say(Said.BOOKED)
        await house.beat(130)
        assert house.synced == [2.0, 127.0]


async def test_news_during_a_sync_are_read_by_another(house: House) -> None:
    house.sync_takes_s = 4.0
    async with watching(house):
        house.say(Said.BOOKED)
        await house.clock.step(3)  # it has begun by now
        house.say(Said.BOOKED)
        await house.beat(20)
        assert len(house.synced[1:]) == 2


async def test_connections_that_come_and_go_are_followed(house: House) -> None:
    async with watching(house):
        house.connections = [connection("c2")]
        await house.beat(60)
        assert list(house.watcher.watched) == ["c2"]


async def test_a_fault_of_ours_is_not_taken_for_silence(house: House) -> None:
    house.stream = None

    async def broken(_: Connection) -> str:
        raise KeyError("a fault of ours")

    watcher = Watcher(
        house.clock, SeededEntropy(), house.listed, lambda _: None, house.open, broken
    )
    task = asyncio.create_task(watcher.run())
    await house.clock.step(61)
    with pytest.raises(KeyError):
        await task
