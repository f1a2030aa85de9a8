"""Streams over a real socket: each broker's simulator says that something was booked."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

import httpx
import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.http_door import sample_of, serve
from infra.simulators.brokers.wire import Answer
from shared.brokers.engine.listening import listen
from shared.brokers.engine.streaming import Said, Stream
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    InvalidInput,
    UpstreamUnavailable,
)
from shared.domain.sync.connection import Connection
from shared.journal.watching.opening import open_streams
from shared.wiring.brokers import SPECS
from tests.brokers.desk import Desk

STREAMED = ("alpaca", "oanda", "tradestation")


def book(desk: Desk) -> None:
    """Book a fill of this moment in the account that the sample opened first."""
    world, at = desk.world, desk.clock.now()
    account = next(iter(world._accounts.values()))
    price = Decimal(100)
    match desk.spec.name:
        case "alpaca":
            world.fill(account, "AAPL", "buy", Decimal(1), price=price, at=at)
        case "oanda":
            world.fill(account, "EUR_USD", Decimal(1), price=price, at=at)
        case "tradestation":
            world.fill(account, "SPY", "Buy", Decimal(1), price=price, at=at)


@dataclass
class Listener:
    desk: Desk
    connection: Connection
    url: str

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[list[AsyncIterator[Said]]]:
        transport = httpx.AsyncHTTPTransport()
        place = f"{self.desk.spec.name}:{self.connection.environment}"
        engine = replace(self.desk.syncing(), transport=transport, hosts={place: self.url})
        async with transport, open_streams(lambda _: engine, self.connection) as streams:
            yield list(streams)


@contextmanager
def sampled(broker: str) -> Iterator[tuple[Desk, str]]:
    desk = Desk(spec=SPECS[broker])
    sample = sample_of(broker, desk.clock.now)
    desk.world, desk.auth = sample.world, sample.login  # type: ignore[assignment]  # a text
    desk.environment, desk.credentials = sample.environment, sample.credentials
    with serve(sample.world.handle) as url:
        yield desk, url


@pytest.fixture(params=STREAMED)
async def listener(request: pytest.FixtureRequest) -> AsyncIterator[Listener]:
    with sampled(request.param) as (desk, url):
        yield Listener(desk, await desk.connect(), url)


async def until(said: Said, lines: AsyncIterator[Said]) -> bool:
    async for line in lines:
        if line is said:
            return True
    return False


async def test_a_fill_is_told_while_somebody_listens(listener: Listener) -> None:
    async with listener.streams() as streams:
        await anext(streams[0])  # it is open, and has said so
        book(listener.desk)
        assert await until(Said.BOOKED, streams[0])


async def test_every_account_is_listened_to(listener: Listener) -> None:
    async with listener.streams() as streams:
        assert len(streams) == (2 if listener.desk.spec.name == "oanda" else 1)


async def test_a_refused_login_opens_no_stream(listener: Listener) -> None:
    listener.desk.world.faults.plan(faults.status(401), times=9)
    with pytest.raises(AuthRejected):
        async with listener.streams():
            pass


async def test_a_broker_that_streams_nothing_is_said_so() -> None:
    desk = Desk(spec=SPECS["topstepx"], environment="live")
    desk.credentials = {"user_name": "u", "api_key": "k"}
    connection = await desk.connect()
    with pytest.raises(InvalidInput, match="TopstepX streams nothing"):
        async with open_streams(lambda _: desk.syncing(), connection):
            pass


async def test_a_websocket_that_refuses_the_login_says_so() -> None:
    with sampled("alpaca") as (_, url):
        shown = {"APCA-API-KEY-ID": "PKSIMULATED", "APCA-API-SECRET-KEY": "wrong"}
        stream = SPECS["alpaca"].stream
        assert stream is not None
        address = stream.address("paper", "/stream", url)
        async with listen(stream, address, shown, httpx.AsyncHTTPTransport()) as lines:
            assert await anext(lines) is Said.REFUSED


PLAIN = Stream({}, lambda _: ["/stream"], lambda _: Said.NOTHING)


@dataclass(frozen=True)
class Case:
    id: str
    answer: Answer
    error: type[DaybiasError]
    scheme: str = "http"


CASES = (
    Case("down", Answer(503, b"down"), UpstreamUnavailable),
    Case("down-socket", Answer(503, b"down"), UpstreamUnavailable, "ws"),
    Case("refused-socket", Answer(401, b""), AuthRejected, "ws"),
    Case("garbage", Answer(200, b'{"no": json\n'), ContractBroken),
    Case("cut", Answer(200, b'{"type": "HEARTBEAT"}\n{"type"', cut=True), UpstreamUnavailable),
)


async def hear_out(address: str) -> None:
    async with (
        httpx.AsyncHTTPTransport() as transport,
        listen(PLAIN, address, {}, transport) as lines,
    ):
        async for _ in lines:
            pass


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_what_goes_wrong_is_told_apart(case: Case) -> None:
    with serve(lambda _: case.answer) as url, pytest.raises(case.error):
        await hear_out(f"{url}/stream".replace("http", case.scheme))
