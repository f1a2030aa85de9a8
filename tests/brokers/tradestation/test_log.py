"""Whatever happens between two syncs of TradeStation, the log adds up to what the broker holds."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers import faults
from infra.simulators.brokers.tradestation.orders import Account, Order
from infra.simulators.brokers.tradestation.world import TradeStationWorld, quota_spent
from shared.brokers.tradestation.spec import SPEC
from shared.domain.errors import RetryableError
from shared.domain.execution import Execution, RowStatus
from shared.ports import Query
from tests.brokers.desk import USER, Desk

MARGIN = "11223344"
FAULTS = {
    "none": None,
    "maintenance": faults.html_503(),
    "no answer": faults.timeout(),
    "cut": faults.cut_body(),
    "quota": quota_spent(41),
    "turned around": faults.rows(lambda rows: rows[::-1], at="Orders"),
    "login ended": faults.status(401),
    "other shape": faults.body({"rows": []}),
}
DEEDS = st.tuples(
    st.sampled_from(["open", "fill", "close", "break"]),
    st.sampled_from(["Buy", "Sell", "SellShort", "BuyToCover"]),
    st.integers(1, 9),  # quantity
    st.integers(100, 900),  # price
)
STEPS = st.lists(
    st.tuples(
        st.integers(1, 4000),  # minutes that pass
        st.lists(DEEDS, max_size=8),
        st.sampled_from(sorted(FAULTS)),
        st.integers(0, 3),  # questions that go right before it
    ),
    min_size=1,
    max_size=6,
)


@dataclass
class Trader:
    """Trades in one account; what was done last is what is changed next."""

    desk: Desk
    account: Account
    live: list[Order] = field(default_factory=list)
    closed: list[Order] = field(default_factory=list)

    def act(self, deed: str, action: str, quantity: int, price: int) -> None:
        now = self.desk.clock.now()
        if deed == "open":
            legs = [(symbol, action, Decimal(20)) for symbol in ("SPY", "QQQ")[: quantity % 2 + 1]]
            self.live.append(self.desk.world.order(self.account, legs, at=now, duration="GTC"))
        elif deed == "fill" and self.live:
            order = self.live[-1]
            order.fill(Decimal(quantity), Decimal(price), now, leg=price % len(order.legs))
        elif deed == "close" and self.live:
            self.closed.append(self.live.pop())
            self.closed[-1].close(now, "OUT")
        elif deed == "break" and self.closed and self.closed[-1].closed_at == now:
            self.closed.pop().broken_at = now + timedelta(minutes=quantity * 100)


async def settle(desk: Desk, connection: Any) -> None:
    with suppress(RetryableError):
        await desk.sync(connection)
    await desk.store_all()


async def logged(desk: Desk) -> list[Execution]:
    page = await desk.documents.scan(Query("executions", (USER,), order_by="at_us", limit=10_000))
    rows = [Execution.model_validate(document.body["body"]) for document in page.documents]
    return [row for row in rows if row.status is RowStatus.BOOKED]


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_the_log_adds_up_to_what_is_held_and_paid(steps: list[Any]) -> None:
    async def trade() -> None:
        desk = Desk(spec=SPEC, make_world=TradeStationWorld, environment="live", auth="oauth")
        token = desk.world.sign_in(desk.world.add_key("key-1", "secret-1"))
        desk.credentials = {
            "client_id": "key-1",
            "client_secret": "secret-1",
            "refresh_token": token,
        }
        trader = Trader(desk, desk.world.add_account(MARGIN, cash=Decimal(0)))
        connection = await desk.connect()
        for minutes, deeds, fault, skip in steps:
            desk.clock.advance(timedelta(minutes=minutes))
            for deed in deeds:
                trader.act(*deed)
            if FAULTS[fault]:
                path = f"/v3/brokerage/accounts/{MARGIN}/"
                desk.world.faults.plan(FAULTS[fault], path=path, skip=skip)
            await settle(desk, connection)
        desk.world.faults = faults.Faults()
        desk.clock.advance(timedelta(days=1))  # once nothing goes wrong, one sync is enough
        await settle(desk, connection)
        held: defaultdict[str, Decimal] = defaultdict(Decimal)
        rows = await logged(desk)
        for row in rows:
            held[row.symbol] += row.signed_quantity
        assert {s: q for s, q in held.items() if q} == desk.world.positions(trader.account)
        paid = sum(row.signed_quantity * row.price for row in rows)
        cash = trader.account.cash(desk.clock.now())
        assert abs(paid + cash) < Decimal("0.000001")  # averages are shown with ten places

    asyncio.run(trade())
