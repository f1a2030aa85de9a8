"""Whatever happens between two syncs of OANDA, every fill is in the log exactly once."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers import faults
from infra.simulators.brokers.oanda.world import OandaWorld
from shared.brokers.oanda.spec import SPEC
from shared.domain.errors import RetryableError
from tests.brokers.desk import START, Desk

ID = "101-004-9990417-001"
FAULTS = {
    "none": None,
    "maintenance": faults.html_503(),
    "no answer": faults.timeout(),
    "cut": faults.cut_body(),
    "limited": faults.status(429, {"Retry-After": "900"}),
    "turned around": faults.rows(lambda rows: rows[::-1], at="transactions"),
    "other shape": faults.body({"rows": []}),
}
STEPS = st.lists(
    st.tuples(
        st.integers(1, 5000),  # minutes that pass
        st.integers(0, 130),  # fills in them
        st.sampled_from(sorted(FAULTS)),
        st.integers(0, 3),  # questions for history that go right before it
        st.sampled_from([480.0, 15.0]),  # budget
    ),
    min_size=1,
    max_size=5,
)


async def settle(desk: Desk, connection: Any) -> None:
    """Sync until nothing is left to continue."""
    desk.bus.take(f"sync-{SPEC.name}")
    with suppress(RetryableError):
        report = await desk.sync(connection)
        while report.outcome == "continued":
            report = await desk.sync(connection, reason="continue")
    await desk.store_all()


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_every_fill_is_in_the_log_exactly_once(steps: list[Any]) -> None:
    async def trade() -> tuple[int, int]:
        desk = Desk(
            spec=SPEC, make_world=OandaWorld, environment="practice", credentials={"token": "t1"}
        )
        account = desk.world.add_account(
            account_id=ID, token="t1", opened_at=START - timedelta(days=400)
        )
        connection = await desk.connect()
        for minutes, count, fault, skip, budget_s in steps:
            desk.clock.advance(timedelta(minutes=minutes))
            for i in range(count):  # equal twins are two fills, however alike they look
                at = desk.clock.now() - timedelta(seconds=count - i)
                desk.world.fill(account, "EUR_USD", Decimal(1), price=Decimal("1.1"), at=at)
            desk.world.faults = faults.Faults()  # one at a time: a page of HTML has no rows to turn
            if FAULTS[fault]:
                path = f"/v3/accounts/{ID}/transactions"
                desk.world.faults.plan(FAULTS[fault], path=path, skip=skip, times=2)
            desk.budget_s = budget_s
            await settle(desk, connection)
        desk.budget_s, desk.world.faults = 480.0, faults.Faults()
        desk.clock.advance(timedelta(hours=1))  # once nothing goes wrong, one sync is enough
        await settle(desk, connection)
        return len(await desk.log()), sum(count for _, count, *_ in steps)

    stored, booked = asyncio.run(trade())
    assert stored == booked
