from datetime import UTC, datetime, timedelta

import pytest

from infra.simulators.brokers.faults import cut_body, html_503, status, timeout
from infra.simulators.market.alpaca import AlpacaMarketWorld
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    NotFound,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.market.providers.asking import Ask, read_object
from tests.market_worlds import asker
from tests.twins.manual_clock import ManualClock

SECRET = "a-secret-4711"
NEWS = Ask(
    "https://data.example",
    "/v1beta1/news",
    {"start": "2020-05-28T00:00:00Z", "end": "2020-05-29T00:00:00Z", "key": SECRET},
    headers={"APCA-API-KEY-ID": "PKSIMULATED", "APCA-API-SECRET-KEY": "simulated-secret"},
)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def world(clock):
    return AlpacaMarketWorld(now=clock.now)


async def test_an_answer_that_comes_late_is_asked_for_again(world, clock):
    world.faults.plan(timeout(), times=2)
    assert (await asker(world, clock).ask(NEWS)).status_code == 200
    assert len(world.calls) == 3


async def test_a_429_waits_as_long_as_it_says(world, clock):
    world.faults.plan(status(429, {"Retry-After": "17"}))
    await asker(world, clock).ask(NEWS)
    assert 17 <= clock.slept[0] < 20


async def test_a_429_may_name_a_time_instead(world, clock):
    until = clock.now() + timedelta(seconds=30)
    world.faults.plan(status(429, {"Retry-After": f"{until:%a, %d %b %Y %H:%M:%S} GMT"}))
    await asker(world, clock).ask(NEWS)
    assert 30 <= clock.slept[0] < 33


async def test_a_429_that_asks_for_more_than_a_minute_is_left_for_another_time(world, clock):
    world.faults.plan(status(429, {"Retry-After": "600"}))
    with pytest.raises(RateLimited):
        await asker(world, clock).ask(NEWS)
    assert clock.slept == []


@pytest.mark.parametrize("fault", [timeout(), html_503(), status(500), cut_body()])
async def test_a_provider_that_stays_down_is_asked_four_times_and_no_more(world, clock, fault):
    world.faults.plan(fault, times=99)
    with pytest.raises(UpstreamUnavailable):
        await asker(world, clock).ask(NEWS)
    assert len(world.calls) == 4


@pytest.mark.parametrize(
    ("code", "error"), [(401, AuthRejected), (403, RequestRejected), (422, RequestRejected)]
)
async def test_a_refusal_is_not_repeated_and_tells_no_secret(world, clock, code, error):
    world.faults.plan(status(code))
    with pytest.raises(error) as caught:
        await asker(world, clock).ask(NEWS)
    assert len(world.calls) == 1
    assert SECRET not in str(caught.value)
    assert "simulated-secret" not in str(caught.value)


async def test_what_is_not_there_is_not_found(world, clock):
    nowhere = Ask(NEWS.host, "/nowhere", headers=NEWS.headers)
    with pytest.raises(NotFound):
        await asker(world, clock).ask(nowhere)


async def test_questions_keep_their_pace(world, clock):
    slow = asker(world, clock, pace_s=0.3)
    await slow.ask(NEWS)
    await slow.ask(NEWS)
    assert clock.slept == [pytest.approx(0.3)]


async def test_a_body_that_is_no_object_breaks_the_contract(world, clock):
    world.faults.plan(lambda _, a: type(a)(200, b"<html>"))
    response = await asker(world, clock).ask(NEWS)
    with pytest.raises(ContractBroken):
        read_object(response, "x")


def test_the_clock_of_these_tests_is_in_utc(clock):
    assert clock.now() == datetime(2020, 5, 29, 12, 15, tzinfo=UTC)
