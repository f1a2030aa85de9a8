from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.domain.errors import StoreUnavailable
from shared.domain.messages import SyncRequested
from shared.domain.sync.connection import ConnectionState
from shared.domain.sync.schedule import Schedule
from shared.journal.tick import TickReport, tick
from shared.ports import Outgoing
from tests.brokers.desk import USER, Desk
from tests.twins.memory_bus import MemoryBus


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def one_tick(desk: Desk, bus: MemoryBus | None = None) -> TickReport:
    return await tick(desk.documents, bus or desk.bus, desk.clock, broker="alpaca")


async def test_each_due_connection_is_asked_for_once(desk: Desk) -> None:
    made = {(await desk.connect()).connection_id for _ in range(3)}
    assert await one_tick(desk) == TickReport(due=3, published=3)
    sent = [SyncRequested.decode(m.data) for m in desk.bus.sent("sync-alpaca")]
    assert {m.connection_id for m in sent} == made


async def test_more_connections_than_a_page_are_all_asked_for(desk: Desk) -> None:
    for _ in range(205):
        await desk.connect()
    assert (await one_tick(desk)).published == 205


async def test_a_broker_with_a_longer_period_is_due_less_often(desk: Desk) -> None:
    await desk.connect()
    for due in (1, 0, 0, 0, 1):
        report = await tick(
            desk.documents,
            desk.bus,
            desk.clock,
            broker="alpaca",
            schedule=Schedule(period=timedelta(hours=1)),
        )
        assert report.due == due
        desk.clock.advance(timedelta(minutes=15))


async def test_a_tick_right_after_finds_nothing_due(desk: Desk) -> None:
    await desk.connect()
    await one_tick(desk)
    assert (await one_tick(desk)).due == 0


async def test_after_a_quarter_of_an_hour_it_is_due_again(desk: Desk) -> None:
    await desk.connect()
    await one_tick(desk)
    desk.clock.advance(timedelta(minutes=15))
    assert (await one_tick(desk)).due == 1


async def test_a_connection_that_needs_its_user_is_left_alone(desk: Desk) -> None:
    made = await desk.connect()
    await desk.connections.note_health(made, ConnectionState.NEEDS_REAUTH, "401")
    assert (await one_tick(desk)).due == 0


async def test_another_brokers_tick_leaves_it_alone(desk: Desk) -> None:
    await desk.connect()
    report = await tick(desk.documents, desk.bus, desk.clock, broker="oanda")
    assert report.due == 0


async def test_a_request_that_was_not_published_stays_due(desk: Desk) -> None:
    class DeadBus(MemoryBus):
        async def publish(self, messages: Sequence[Outgoing]) -> None:
            raise StoreUnavailable("down")

    await desk.connect()
    with pytest.raises(StoreUnavailable):
        await one_tick(desk, DeadBus())
    assert (await one_tick(desk)).due == 1


async def test_a_connection_that_changes_meanwhile_loses_no_change(desk: Desk) -> None:
    made = await desk.connect()
    await desk.connect()

    class RacingBus(MemoryBus):
        async def publish(self, messages: Sequence[Outgoing]) -> None:
            await super().publish(messages)
            await desk.connections.note_health(made, ConnectionState.FAILED, "down")

    await one_tick(desk, RacingBus())
    found = await desk.connections.get(USER, made.connection_id)
    assert found.health.state is ConnectionState.FAILED
    assert (await one_tick(desk)).due == 1  # the changed one is asked for again, the other not
