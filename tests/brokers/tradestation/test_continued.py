"""A history that is told newest first, and outlasts every time budget, is read in pieces."""

from datetime import timedelta
from typing import Any

import pytest

from infra.simulators.brokers import faults
from shared.domain.messages import ExecutionsObserved
from shared.domain.sync.connection import Connection
from shared.domain.time import to_micros
from shared.journal.coverage import DayState, read_days
from shared.ports import Query
from tests.brokers.desk import USER, Desk
from tests.brokers.tradestation.test_sync import PATH, book, fill, open_desk
from tests.simulation.growing import TRADESTATION  # four orders a page

HOURLY = timedelta(hours=6)


@pytest.fixture
def desk() -> Desk:
    desk = open_desk()
    desk.spec, desk.budget_s = TRADESTATION, 30.0
    book(desk, 60, every=HOURLY)
    slow = faults.rows(lambda rows: desk.clock.advance(11) or rows, at="Orders")
    desk.world.faults.plan(slow, path=PATH, times=10_000)
    return desk


async def read_on(desk: Desk, connection: Connection, messages: int = 40) -> int:
    """Deliver what is to be continued until nothing is; count the messages."""
    reason = "tick"
    for number in range(1, messages):
        await desk.sync(connection, reason)
        if not desk.bus.take("sync-tradestation"):
            return number
        reason = "continue"
    pytest.fail("the history is never read whole")


async def test_every_order_is_stored_and_the_cursor_waits_for_the_last_piece(desk: Desk) -> None:
    connection = await desk.connect()
    began = desk.clock.now()
    await desk.sync(connection)
    after_one = await desk.cursor_us()
    desk.bus.take("sync-tradestation")
    messages = await read_on(desk, connection)
    await desk.store_all()
    assert (len(await desk.log()), messages > 3) == (60, True)
    at_the_end = await desk.cursor_us()
    assert after_one is not None
    assert at_the_end is not None
    assert after_one < to_micros(began - 60 * HOURLY) < to_micros(began) <= at_the_end


async def test_what_closes_while_the_pieces_are_read_is_not_left_out(desk: Desk) -> None:
    connection = await desk.connect()
    await desk.sync(connection)
    for _ in range(4):
        desk.clock.advance(timedelta(hours=9))
        fill(desk, desk.clock.now() - timedelta(hours=8))  # of yesterday by the last piece
        desk.bus.take("sync-tradestation")
        await desk.sync(connection, "continue")
    await read_on(desk, connection)
    await desk.store_all()
    assert len(await desk.log()) == 64


async def test_a_token_that_has_run_out_costs_a_new_beginning_and_no_order(desk: Desk) -> None:
    connection = await desk.connect()
    await desk.sync(connection)
    desk.bus.take("sync-tradestation")
    desk.clock.advance(timedelta(hours=2))
    await read_on(desk, connection)
    await desk.store_all()
    assert len(await desk.log()) == 60


async def test_a_whole_window_leaves_no_place_to_go_on_from(desk: Desk) -> None:
    connection = await desk.connect()
    await read_on(desk, connection)
    assert (await desk.one("accounts")).body["marks"] == {}


async def test_a_piece_that_is_lost_makes_gaps_and_is_read_again(desk: Desk) -> None:
    connection = await desk.connect()
    await desk.sync(connection)
    desk.bus.take(ExecutionsObserved.topic)  # of the first piece
    desk.bus.take("sync-tradestation")
    await read_on(desk, connection)
    await desk.store_all()
    desk.world.faults = faults.Faults()
    desk.clock.advance(timedelta(minutes=31))
    desk.budget_s = 480.0
    desk.world.faults.plan(faults.status(422), path=PATH)
    await desk.sync(connection)  # finds the loss, and cannot read
    states = {told.state for told in await days(desk)}
    await read_on(desk, connection)
    await desk.store_all()
    assert states == {DayState.GAP}
    assert len(await desk.log()) == 60


async def days(desk: Desk) -> list[Any]:
    where = {"account_key": (await desk.one("accounts")).key.id}
    found = await desk.documents.scan(Query("coverage", (USER,), where, order_by="year"))
    return [told for year in found.documents for told in read_days(year.body).values()]
