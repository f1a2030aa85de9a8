"""Where a broker's books end before now, where it says nothing of positions, and when it rests."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from infra.simulators.brokers import faults
from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Window
from shared.domain.errors import InvalidInput, RateLimited
from shared.domain.ids import AccountKey
from shared.domain.time import to_micros
from shared.journal.upkeep.resync import Resync
from shared.ports import Query
from tests.brokers.desk import ACCOUNT, START, USER, Desk

BOOKED = START - timedelta(hours=14)  # midnight: a report of the day before
PATH = "/v2/account/activities"


def booked_until(end: datetime) -> Any:
    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        await ask(Request(PATH))
        yield Page((), end, ends=True)
        yield Page(["never asked for"])

    return walk


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    ends(desk, BOOKED)
    return desk


def ends(desk: Desk, end: datetime) -> None:
    history = (replace(desk.spec.history[0], walk=booked_until(end), check=None),)
    holdings = replace(desk.spec.holdings, settled=True)
    desk.spec = replace(desk.spec, history=history, holdings=holdings)


async def reports(desk: Desk) -> int:
    where = {"account_key": (await desk.one("accounts")).key.id}
    query = Query("position_reports", (USER,), where=where, order_by="at_us")
    return len((await desk.documents.scan(query)).documents)


async def test_the_cursor_ends_where_the_books_do_and_nothing_goes_on(desk: Desk) -> None:
    report = await desk.sync(await desk.connect())
    assert (report.outcome, await desk.cursor_us()) == ("complete", to_micros(BOOKED))
    assert (desk.unread(), desk.bus.take("sync-alpaca")) == ([], [])


async def test_books_that_end_earlier_than_before_move_no_cursor_back(desk: Desk) -> None:
    connection = await desk.connect()
    await desk.sync(connection)
    ends(desk, BOOKED - timedelta(days=1))
    await desk.sync(connection)
    assert await desk.cursor_us() == to_micros(BOOKED)


async def test_a_message_that_continues_reads_no_account_twice_whose_books_end(desk: Desk) -> None:
    connection = await desk.connect()
    await desk.sync(connection)
    assert (await desk.sync(connection, reason="continue")).accounts == ()


async def test_a_resync_ends_where_the_books_do(desk: Desk) -> None:
    await desk.sync(await desk.connect())
    key = AccountKey((await desk.one("accounts")).key.id)
    resync = Resync(desk.documents, lambda _: desk.syncing())
    today = START.date()
    done = await resync.resync(USER, key, today - timedelta(days=2), today)
    assert (done.until, len(done.runs)) == (BOOKED, 1)


async def test_positions_of_which_nothing_is_said_are_not_logged_as_none(desk: Desk) -> None:
    silent = replace(desk.spec.holdings, read=lambda bodies, account: None)
    connection = await desk.connect()
    told = desk.spec
    desk.spec = replace(told, holdings=silent)
    assert ((await desk.sync(connection)).outcome, await reports(desk)) == ("complete", 0)
    desk.spec = told
    await desk.sync(connection)
    assert await reports(desk) == 1


async def test_a_wait_that_the_broker_asked_for_is_kept_by_messages_and_tests(desk: Desk) -> None:
    connection = await desk.connect()
    desk.world.faults.plan(faults.status(429, {"Retry-After": "900"}), path=PATH)
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    asked = len(desk.world.calls)
    assert (await desk.sync(connection)).outcome == "resting"
    with pytest.raises(RateLimited, match="until"):
        await desk.syncing().test(USER, connection.connection_id)
    assert len(desk.world.calls) == asked
    desk.clock.advance(900)
    assert (await desk.sync(connection)).outcome == "complete"


@pytest.mark.parametrize("given", [{}, {"pin": "1"}], ids=["left out", "given"])
async def test_an_optional_credential_may_be_left_out(desk: Desk, given: dict[str, str]) -> None:
    scheme = replace(desk.spec.auth["api_key"], optional=("pin",))
    desk.spec = replace(desk.spec, auth={"api_key": scheme})
    assert (await desk.sync(await desk.connect(**given))).outcome == "complete"


@pytest.mark.parametrize("given", [{"pin": ""}, {"pin": "1", "other": "2"}])
async def test_an_optional_credential_is_no_empty_one_and_no_other(
    desk: Desk, given: dict[str, str]
) -> None:
    scheme = replace(desk.spec.auth["api_key"], optional=("pin",))
    desk.spec = replace(desk.spec, auth={"api_key": scheme})
    with pytest.raises(InvalidInput) as caught:
        await desk.connect(**given)
    assert caught.value.expected == ("key_id", "secret_key", "pin (optional)")
