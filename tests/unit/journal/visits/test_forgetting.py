"""Brokers that forget, that ask to be left alone, and that name what is held by ids."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from infra.simulators.brokers import faults
from shared.brokers.spec import Ask, BrokerAccount, Holdings, Lost, Page, Request, Window
from shared.domain.errors import RateLimited
from shared.domain.sync.connection import Connection
from tests.brokers.desk import ACCOUNT, START, USER, Desk

WHY = "the broker tells its current session only"


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    return desk


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


def forget(desk: Desk, days: int) -> None:
    """Let the walk say that what lies before some days ago cannot be known."""
    (endpoint,) = desk.spec.history

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        yield Page((), lost=(Lost(window.since, START - timedelta(days=days), WHY),))
        async for page in endpoint.walk(ask, account, window):
            yield page

    desk.spec = replace(desk.spec, history=(replace(endpoint, walk=walk),))


async def days_of(desk: Desk) -> dict[str, Any]:
    account = (await desk.one("accounts")).key.id
    found = await desk.one("coverage", order_by="year", account_key=account)
    days: dict[str, Any] = found.body["days"]
    return days


async def test_days_that_the_broker_has_forgotten_are_gaps_with_a_reason(desk: Desk) -> None:
    forget(desk, days=10)
    await desk.sync(await desk.connect())
    await desk.store_all()
    days = await days_of(desk)
    assert {day["state"] for name, day in days.items() if name <= "2026-03-06"} == {"gap"}
    assert {day["state"] for name, day in days.items() if name > "2026-03-06"} == {"complete"}
    assert days["2026-03-06"]["lost"] == WHY


async def test_what_is_forgotten_later_takes_nothing_from_days_that_were_read(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    await desk.store_all()
    before = {name: day["state"] for name, day in (await days_of(desk)).items()}
    forget(desk, days=1)
    desk.clock.advance(timedelta(hours=1))
    await desk.sync(connection)
    await desk.store_all()
    assert {name: day["state"] for name, day in (await days_of(desk)).items()} == before


async def test_a_broker_that_asked_to_be_left_alone_is_not_asked_by_a_redelivery(
    desk: Desk, connection: Connection
) -> None:
    desk.world.faults.plan(faults.status(429, {"Retry-After": "3600"}))
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    asked = len(desk.world.calls)
    assert (await desk.sync(connection)).outcome == "resting"
    with pytest.raises(RateLimited) as told:
        await desk.syncing().test(USER, connection.connection_id)
    assert (len(desk.world.calls), told.value.retry_after_s) == (asked, 3600)
    desk.clock.advance(timedelta(hours=1))
    assert (await desk.sync(connection)).outcome == "complete"


async def test_what_positions_name_by_id_is_looked_up(desk: Desk) -> None:
    told: list[int] = []

    async def look_up(ask: Ask, _: BrokerAccount, bodies: Sequence[Any]) -> Sequence[Any]:
        return [await ask(Request("/v2/positions")) for _ in bodies]

    def read(bodies: Sequence[Any], account: BrokerAccount) -> Holdings:
        told.append(len(bodies))
        return endpoint.read(bodies[:2], account)

    endpoint = desk.spec.holdings
    desk.spec = replace(desk.spec, holdings=replace(endpoint, read=read, look_up=look_up))
    await desk.sync(await desk.connect())
    assert told == [4]
