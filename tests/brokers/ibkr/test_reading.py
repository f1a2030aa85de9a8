"""Whatever is traded, cancelled and confirmed, the rows that count are what the statement holds."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers.ibkr.account import Booked
from shared.domain.execution import AccountEvent, Execution, RowStatus
from shared.domain.money import decimal_text
from shared.journal.storing.log import read_entry
from shared.ports import Query
from tests.brokers.desk import USER, Desk
from tests.brokers.ibkr.desk import NOW, account, open_desk

CALL, FUTURE = "CLF   260417C00011500", "MNQM6"
KINDS = {
    "CLF": ("STK", Decimal(1)),
    CALL: ("OPT", Decimal(100)),
    FUTURE: ("FUT", Decimal(2)),
}
TRADES = st.lists(
    st.tuples(
        st.sampled_from(sorted(KINDS)),
        st.integers(-5, 5).filter(bool),
        st.integers(0, 60 * 24 * 60),  # minutes ago
        st.integers(-300, 100),  # commission in cents
        st.sampled_from(["stands", "cancelled", "booked anew", "cancelled later"]),
    ),
    max_size=12,
)


def rebook(desk: Desk, fill: Booked, quantity: Decimal) -> None:
    """Book a fill anew under its number, as its next correction."""
    told = fill.fields
    name = told["ibExecID"].removesuffix("01") + "02"
    mine = account(desk)
    again = desk.world.fill(
        mine, fill.symbol, quantity, price=fill.price, at=fill.known_at,
        category=told["assetCategory"], multiplier=Decimal(told["multiplier"]),
        commission=Decimal("0.33"), tradeID=told["tradeID"], ibExecID=name,
    )  # fmt: skip
    again.day, again.fields["tradeDate"] = fill.day, told["tradeDate"]


async def read(desk: Desk) -> list[Execution | AccountEvent]:
    page = await desk.documents.scan(Query("executions", (USER,), order_by="at_us", limit=1000))
    return [read_entry(document).row for document in page.documents]


def held(rows: list[Execution | AccountEvent]) -> dict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row.status is RowStatus.BOOKED and isinstance(row, Execution):
            found[row.symbol] += row.signed_quantity
    return {symbol: quantity for symbol, quantity in found.items() if quantity}


def charged(rows: list[Execution | AccountEvent]) -> Decimal:
    in_fills = (
        fee.amount
        for row in rows
        if isinstance(row, Execution) and row.status is RowStatus.BOOKED
        for fee in row.fees
    )
    apart = (-row.amount for row in rows if isinstance(row, AccountEvent))
    return sum((*in_fills, *apart), Decimal(0))


@settings(max_examples=30, deadline=None)
@given(TRADES)
def test_what_stands_is_held_and_every_fee_counts(
    trades: list[tuple[str, int, int, int, str]],
) -> None:
    async def trade() -> None:
        desk = open_desk()
        mine, later = account(desk), list[Booked]()
        for symbol, quantity, age, cents, fate in trades:
            category, multiplier = KINDS[symbol]
            fill = desk.world.fill(
                mine, symbol, Decimal(quantity), price=Decimal(3), category=category,
                at=NOW - timedelta(minutes=age), multiplier=multiplier,
                commission=Decimal(cents) / 100,
            )  # fmt: skip
            if fate == "cancelled later":
                later.append(fill)
            elif fate != "stands":
                desk.world.cancel(mine, fill, known_at=fill.known_at)
            if fate == "booked anew":
                rebook(desk, fill, Decimal(quantity))
        connection = await desk.connect()
        await desk.sync(connection)
        await desk.store_all()
        desk.clock.advance(timedelta(days=1))
        for fill in later:  # a cancellation is booked on its own day
            desk.world.cancel(mine, fill, known_at=NOW).day = NOW.date()
        desk.clock.advance(timedelta(days=1))
        await desk.sync(connection)
        await desk.store_all()
        rows = await read(desk)
        recent = NOW.date() - timedelta(days=12)  # what the second sync reads again
        stale = [fill for fill in later if fill.day < recent]
        assert len(desk.unread()) == len(stale)
        expected = defaultdict(Decimal, desk.world.positions(mine))
        for fill in stale:  # its cancellation is in sight, and waits for a resync
            expected[fill.symbol] += fill.quantity
        assert held(rows) == {symbol: number for symbol, number in expected.items() if number}
        fees = [Decimal(row.fields["ibCommission"]) for row in mine.book]
        assert decimal_text(charged(rows)) == decimal_text(-sum(fees, Decimal(0)))

    asyncio.run(trade())
