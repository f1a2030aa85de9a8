"""What is read from the simulated tastytrade adds up to what it says is held, and to its cash."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers.tastytrade.world import TastytradeWorld
from infra.simulators.brokers.transport import SimulatorTransport
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import Holdings, Ignored, ParsedRow, Window
from shared.brokers.tastytrade.spec import SPEC, transactions
from shared.domain.execution import AccountEvent, Execution, RowStatus
from tests.brokers.desk import START
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

PUT = "SPY   260320P00550000"
Row = Execution | AccountEvent
CASH = Decimal(100_000)
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["trade", "trade", "end", "deliver", "money", "reverse"]),
        st.sampled_from(["AAPL", PUT, "/ESM6", "BTC/USD"]),
        st.sampled_from(["Buy to Open", "Sell to Open"]),
        st.integers(1, 5),  # quantity
        st.integers(1, 900),  # price
    ),
    max_size=25,
)


class Reader:
    """The engine's client at one account, asking as a sync does."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.world = TastytradeWorld(self.clock.now)
        self.account = self.world.add_account("5WT00001", cash=CASH)
        self.reversed: set[int] = set()

    def do(self, deed: str, symbol: str, action: str, quantity: int, price: int) -> None:
        at = self.clock.now()
        units, each = Decimal(quantity), Decimal(price)
        if deed == "trade":
            fees = {"commission": Decimal("1.25"), "clearing-fees": Decimal("0.05")}
            self.world.fill(self.account, symbol, action, units, price=each, at=at, fees=fees)
        elif deed == "end" and self.world.positions(self.account).get(PUT):
            self.world.end(self.account, PUT, "Expiration", at=at)
        elif deed == "deliver":
            self.world.receive(
                self.account, "SPY", action, units, price=each, at=at, fee=Decimal(5)
            )
        elif deed == "money":
            self.world.money(self.account, "Deposit", each, at=at)
        elif deed == "reverse":
            self._reverse_the_last()
        self.clock.advance(timedelta(minutes=1))

    def _reverse_the_last(self) -> None:
        trades = [r for r in self.account.book if r.body["transaction-type"] == "Trade"]
        if trades and "reverses-id" not in trades[-1].body and trades[-1] is self.account.book[-1]:
            self.world.reverse(self.account, trades[-1].id, at=self.clock.now())
            self.reversed.add(trades[-1].id)

    async def read(self, page_size: int) -> tuple[dict[tuple[str, ...], Row], Holdings]:
        grant = self.world.grants.grant(self.world.add_client("app", "secret"))
        login = {"client_secret": "secret", "refresh_token": grant.refresh_token}
        transport, scheme = SimulatorTransport(self.world.handle), SPEC.auth["oauth"]
        async with Session(SPEC.hosts["live"], SPEC.headers, transport) as session:
            client = BrokerClient(SPEC, session, self.clock, SeededEntropy(), deadline=1e9)
            assert scheme.renewal is not None
            told = await client.ask(scheme.renewal.request(login))
            client.shown = scheme.headers(scheme.renewal.read(told, self.clock.now()))
            (account,) = SPEC.accounts.read(await client.ask(SPEC.accounts.request))
            found: dict[tuple[str, ...], Row] = {}
            now = self.clock.now()
            window = Window(now - timedelta(days=30), now)
            async for page in transactions(page_size)(client.ask, account, window):
                for raw in page.rows:
                    parsed = SPEC.history[0].parse(raw, account)
                    assert not isinstance(parsed, Ignored)
                    rows = (parsed,) if isinstance(parsed, ParsedRow) else parsed
                    found |= {one.identity: one.row for one in rows}
            bodies = [await client.ask(one) for one in SPEC.holdings.requests(account)]
            return found, SPEC.holdings.read(bodies, account)


def held(rows: list[Row]) -> dict[str, Decimal]:
    """Apply the rows in order; what ends without a side takes what is held to nothing."""
    positions: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in sorted(rows, key=lambda one: one.occurred_at):
        if isinstance(row, Execution):
            positions[row.symbol] += row.signed_quantity
        elif row.symbol is not None and row.closes is not None:
            assert abs(positions[row.symbol]) == row.closes
            positions[row.symbol] = Decimal(0)
        elif row.symbol is not None:
            positions[row.symbol] += row.quantity or Decimal(0)
    return {symbol: quantity for symbol, quantity in positions.items() if quantity}


def money(row: Row) -> Decimal:
    """Count what a row moved in cash; a future's price moves none."""
    fees = sum((fee.amount for fee in row.fees), Decimal(0))
    if isinstance(row, AccountEvent):
        return row.amount - fees
    if row.symbol.startswith("/"):
        return -fees
    return -row.signed_quantity * row.price * row.multiplier - fees


@settings(max_examples=60, deadline=None)
@given(DEEDS, st.sampled_from([1, 3, 2000]))
def test_the_rows_that_count_are_what_is_held(
    deeds: list[tuple[str, str, str, int, int]], page_size: int
) -> None:
    reader = Reader()
    for deed in deeds:
        reader.do(*deed)
    found, holdings = asyncio.run(reader.read(page_size))
    booked = [row for row in found.values() if row.status is RowStatus.BOOKED]
    assert held(booked) == {one.symbol: one.quantity for one in holdings.positions}
    assert len(found) - len(booked) == 2 * len(reader.reversed)
    cancelled = sum((money(row) for row in found.values() if row not in booked), Decimal(0))
    assert CASH + sum(map(money, booked), cancelled) == holdings.cash
