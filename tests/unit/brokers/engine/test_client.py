from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from shared.brokers.alpaca.spec import SPEC
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import Request
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

Answers = list[httpx.Response | Exception]
SECRET = "top-secret-key"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def client_of(clock: ManualClock) -> Callable[..., BrokerClient]:
    def make(answers: Answers, budget_s: float = 60.0) -> BrokerClient:
        def answer(_: httpx.Request) -> httpx.Response:
            found = answers.pop(0)
            if isinstance(found, Exception):
                raise found
            return found

        session = Session("https://b.test", {"key": SECRET}, httpx.MockTransport(answer))
        deadline = clock.monotonic() + budget_s
        return BrokerClient(SPEC, session, clock, SeededEntropy(), deadline)

    return make


async def get(client: BrokerClient) -> Any:
    async with client.session:
        return await client.ask(Request("/v2/account", {"q": "1"}))


async def test_numbers_are_decoded_exactly(client_of: Callable[..., BrokerClient]) -> None:
    body = b'{"n": 12345678901234567890.123456789}'
    found = await get(client_of([httpx.Response(200, content=body)]))
    assert found["n"] == Decimal("12345678901234567890.123456789")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, ContractBroken),
        (400, RequestRejected),
        (401, AuthRejected),
        (403, AuthRejected),
        (404, RequestRejected),
        (422, RequestRejected),
    ],
)
async def test_a_final_status_is_not_tried_again(
    client_of: Callable[..., BrokerClient], status: int, error: type[Exception]
) -> None:
    client = client_of([httpx.Response(status, headers={"location": "/x"})])
    with pytest.raises(error):
        await get(client)
    assert client.requests == 1


@pytest.mark.parametrize(
    "failure",
    [
        httpx.Response(408),
        httpx.Response(429),
        httpx.Response(500),
        httpx.Response(503, html="<html/>"),
        httpx.Response(200, html="<html/>"),
        httpx.Response(200, content=b'[{"id": '),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("down"),
        httpx.RemoteProtocolError("cut"),
    ],
)
async def test_what_may_pass_is_tried_again(
    client_of: Callable[..., BrokerClient], failure: httpx.Response | Exception
) -> None:
    client = client_of([failure, httpx.Response(200, json=[])])
    assert (await get(client), client.requests) == ([], 2)


async def test_an_outage_ends_after_six_attempts(client_of: Callable[..., BrokerClient]) -> None:
    client = client_of([httpx.Response(503) for _ in range(9)], budget_s=1000.0)
    with pytest.raises(UpstreamUnavailable):
        await get(client)
    assert client.requests == 6


async def test_no_wait_goes_past_the_budget(
    client_of: Callable[..., BrokerClient], clock: ManualClock
) -> None:
    client = client_of([httpx.Response(429, headers={"Retry-After": "61"})])
    with pytest.raises(RateLimited) as caught:
        await get(client)
    assert (caught.value.retry_after_s, clock.slept) == (61.0, [])


@pytest.mark.parametrize(
    "headers",
    [
        lambda now: {"Retry-After": "7"},
        lambda now: {"Retry-After": format_datetime(now + timedelta(seconds=7))},
        lambda now: {"X-RateLimit-Reset": str(int(now.timestamp()) + 7)},
    ],
    ids=["seconds", "date", "reset"],
)
async def test_a_rate_limit_is_waited_for_as_long_as_it_says(
    client_of: Callable[..., BrokerClient], clock: ManualClock, headers: Callable[..., Any]
) -> None:
    refused = httpx.Response(429, headers=headers(clock.now()))
    client = client_of([refused, httpx.Response(200, json=[])])
    await get(client)
    assert 7 <= client.waited_s <= 7.5


@pytest.mark.parametrize("text", ["soon", "", "nan", "²"])
async def test_a_rate_limit_that_cannot_be_read_backs_off(
    client_of: Callable[..., BrokerClient], text: str
) -> None:
    refused = httpx.Response(429, headers={"X-RateLimit-Reset": text.encode()})
    client = client_of([refused, httpx.Response(200, json=[])])
    await get(client)
    assert 0 < client.waited_s <= 1.0


async def test_an_endless_body_breaks_the_contract(client_of: Callable[..., BrokerClient]) -> None:
    with pytest.raises(ContractBroken):
        await get(client_of([httpx.Response(200, content=b" " * 16_000_001)]))


async def test_an_error_says_where_and_what_but_no_secret_and_no_body(
    client_of: Callable[..., BrokerClient],
) -> None:
    with pytest.raises(RequestRejected) as caught:
        await get(client_of([httpx.Response(422, text=f"you sent {SECRET}")]))
    assert str(caught.value) == "Alpaca: GET /v2/account was answered with 422"


async def test_a_transport_outlives_the_session_that_borrows_it() -> None:
    closed: list[bool] = []

    class Owned(httpx.AsyncBaseTransport):
        async def aclose(self) -> None:
            closed.append(True)

    async with Session("https://b.test", {}, Owned()):
        pass
    assert closed == []
