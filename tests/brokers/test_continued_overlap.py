"""What a message leaves to the next is read with its overlap, unless it was read already."""

from datetime import timedelta

from infra.simulators.brokers import faults
from tests.brokers.schwab.test_sync import SchwabDesk, open_desk

DAY = timedelta(days=1)


async def reread_in_pieces(desk: SchwabDesk) -> None:
    """Sync a first account so slowly that the second is left to the next message."""
    slow = faults.rows(lambda rows: desk.clock.advance(31) or rows)
    path = f"/trader/v1/accounts/{desk.first.hash_value}/transactions"
    desk.world.faults.plan(slow, path=path)
    desk.budget_s = 30.0
    connection = (await desk.connections.list("user-1"))[0]
    report = await desk.sync(connection)
    for _ in range(20):
        if not desk.bus.take("sync-schwab"):
            break
        report = await desk.sync(connection, reason="continue")
    assert report.outcome == "complete"


async def test_an_account_that_is_left_to_the_next_message_gets_its_late_rows() -> None:
    desk = open_desk()
    second = desk.add("73001904")
    await desk.sync(await desk.connect())
    desk.clock.advance(DAY / 2)
    desk.buy(second, 1, desk.clock.now() - DAY)  # booked late, dated before the cursor
    await reread_in_pieces(desk)
    assert len(await desk.stored()) == 1
