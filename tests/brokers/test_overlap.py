"""However late rows show up inside the overlap, every fill is in the log exactly once."""

import asyncio
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.brokers.desk import ACCOUNT, Desk

MINUTES = 3 * 24 * 60 - 1
STEPS = st.lists(
    st.tuples(st.integers(1, 5000), st.lists(st.integers(0, MINUTES), max_size=4)),
    min_size=1,
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_overlapping_windows_hold_every_fill_once(steps: list[tuple[int, list[int]]]) -> None:
    async def trade() -> tuple[int, int]:
        desk = Desk()
        account = desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
        connection = await desk.connect()
        for minutes, ages in steps:
            desk.clock.advance(timedelta(minutes=minutes))
            now = desk.clock.now()
            for age in ages:  # equal twins are two fills, however alike they look
                at = now - timedelta(minutes=age)
                price = Decimal(300)
                desk.world.fill(
                    account, "SPY", "buy", Decimal(1), price=price, at=at, visible_at=now
                )
            await desk.sync(connection)
            await desk.store_all()
        return len(await desk.log()), sum(len(ages) for _, ages in steps)

    stored, booked = asyncio.run(trade())
    assert stored == booked
