"""Every sample world is one that Daybias can connect to, with what the door prints."""

import re

import httpx
import pytest

from infra.simulators.brokers.http_door import how_to_connect, sample_of, serve
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Answer, Call, answer
from shared.wiring.brokers import SPECS
from tests.brokers.desk import START, Desk


@pytest.mark.parametrize("broker", sorted(SPECS))
async def test_the_sample_of_a_broker_is_read_with_its_own_login(broker: str) -> None:
    desk = Desk(spec=SPECS[broker])
    sample = sample_of(broker, desk.clock.now)
    desk.handle, desk.auth = sample.world.handle, sample.login  # type: ignore[assignment]  # a text
    desk.environment, desk.credentials = sample.environment, sample.credentials
    report = await desk.sync(await desk.connect())
    assert (report.outcome, report.rows > 0) == ("complete", True)


def test_a_broker_that_is_not_simulated_is_refused_with_those_that_are() -> None:
    with pytest.raises(LookupError, match=r"'nobroker' is simulated; there are: alpaca, "):
        sample_of("nobroker", lambda: START)


def test_what_connects_is_printed_as_commands() -> None:
    printed = how_to_connect("oanda", sample_of("oanda", lambda: START), "http://127.0.0.1:8091")
    hosts, token, add = printed.splitlines()
    assert hosts == """export DAYBIAS_BROKER_HOSTS='{"oanda:practice": "http://127.0.0.1:8091"}'"""
    assert re.fullmatch("export DAYBIAS_OANDA_TOKEN='.+'", token)
    assert add == "daybias connections add oanda --environment practice --login api_key"


async def test_both_doors_understand_a_query_alike() -> None:
    calls: list[Call] = []

    def handle(call: Call) -> Answer:
        calls.append(call)
        return answer({})

    with serve(handle) as url:
        for transport in (httpx.AsyncHTTPTransport(), SimulatorTransport(handle)):
            async with httpx.AsyncClient(transport=transport) as client:
                await client.get(f"{url}/orders?token=&side=buy&side=sell&at=a%20b+c")
    assert [call.query for call in calls] == [{"token": "", "side": "sell", "at": "a b c"}] * 2
