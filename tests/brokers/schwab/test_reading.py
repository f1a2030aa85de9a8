"""What is read from the simulated Schwab adds up to what it says is held, row for row."""

import asyncio
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers.schwab.account import Leg
from infra.simulators.brokers.schwab.world import SchwabWorld
from infra.simulators.brokers.transport import SimulatorTransport
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.schwab.spec import SPEC, transactions
from shared.brokers.spec import Holdings, Ignored, ParsedRow, Window
from shared.domain.execution import AccountEvent, Execution
from tests.brokers.desk import START
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

CALL, PUT = "KO    260417C00070000", "SPY   260320P00550000"
Row = Execution | AccountEvent


class Reader:
    """The engine's client at one account, asking as a sync does."""

    def __init__(self, surely_whole: int = 2500) -> None:
        self.clock = ManualClock(START)
        self.world = SchwabWorld(self.clock.now)
        self.account = self.world.add_account("48217735")
        self.walk = transactions(surely_whole)

    async def read(self, days: int = 30) -> tuple[dict[tuple[str, ...], Row], Holdings]:
        (token,) = self.world.log_in(self.world.add_app("key", "secret")).access
        headers = SPEC.auth["oauth"].headers({"access_token": token})
        transport = SimulatorTransport(self.world.handle)
        async with Session(SPEC.hosts["live"], headers, transport) as session:
            client = BrokerClient(SPEC, session, self.clock, SeededEntropy(), deadline=1e9)
            (account,) = SPEC.accounts.read(await client.ask(SPEC.accounts.request))
            found: dict[tuple[str, ...], Row] = {}
            now = self.clock.now()
            window = Window(now - timedelta(days=days), now)
            async for page in self.walk(client.ask, account, window):
                for raw in page.rows:
                    parsed = SPEC.history[0].parse(raw, account)
                    assert not isinstance(parsed, Ignored)
                    rows = (parsed,) if isinstance(parsed, ParsedRow) else parsed
                    found |= {one.identity: one.row for one in rows}
            bodies = [await client.ask(r) for r in SPEC.holdings.requests(account)]
            return found, SPEC.holdings.read(bodies, account)


def moved(row: Row) -> Decimal:
    return row.signed_quantity if isinstance(row, Execution) else row.quantity or Decimal(0)


def paid(row: Row) -> Decimal:
    if isinstance(row, AccountEvent):
        return row.amount
    fees = sum((fee.amount for fee in row.fees), Decimal(0))
    return -row.signed_quantity * row.price * row.multiplier - fees


def held_by(rows: dict[tuple[str, ...], Row]) -> dict[str, Decimal]:
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in rows.values():
        held[row.symbol or ""] += moved(row)
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


def agree(rows: dict[tuple[str, ...], Row], holdings: Holdings) -> None:
    assert held_by(rows) == {p.symbol: p.quantity for p in holdings.positions}
    assert Decimal(50_000) + sum(map(paid, rows.values())) == holdings.cash


async def test_a_covered_call_from_its_opening_to_its_assignment() -> None:
    reader = Reader()
    world, account, at = reader.world, reader.account, START - timedelta(days=3)
    world.fill(account, "KO", "buy", Decimal(200), price=Decimal(69), at=at)
    fees = {"COMMISSION": Decimal("1.3"), "TAF_FEE": Decimal("0.01")}
    world.fill(account, CALL, "sell", Decimal(2), price=Decimal("0.9"), at=at, fees=fees)
    agree(*await reader.read())
    world.assign_call(account, CALL, 2, START)
    rows, holdings = await reader.read()
    agree(rows, holdings)
    assert holdings.positions == ()


async def test_options_that_end_worthless_long_and_short() -> None:
    reader = Reader()
    world, account, at = reader.world, reader.account, START - timedelta(days=3)
    spread = [
        Leg(PUT, Decimal(-2), Decimal("1.25")),
        Leg(PUT.replace("55", "54"), Decimal(2), Decimal("1.23")),
    ]
    world.trade(account, spread, at=at, fees={"COMMISSION": Decimal("1.95")})
    agree(*await reader.read())
    for leg in spread:
        world.expire(account, leg.symbol, START)
    rows, holdings = await reader.read()
    agree(rows, holdings)
    assert holdings.positions == ()


async def test_a_dividend_is_money_and_nothing_else() -> None:
    reader = Reader()
    reader.world.row(reader.account, "DIVIDEND_OR_INTEREST", at=START, cash=Decimal("97.31"))
    rows, holdings = await reader.read()
    agree(rows, holdings)
    assert holdings.cash == Decimal("50097.31")


TRADES = st.lists(
    st.tuples(
        st.sampled_from(["KO", "AAPL", CALL]),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 500),
        st.integers(1, 30_000),
        st.integers(0, 21_600),
        st.integers(0, 999),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(TRADES, st.integers(2, 6))
def test_every_fill_is_read_however_early_answers_are_cut(
    trades: list[tuple[str, str, int, int, int, int]], spare: int
) -> None:
    reader = Reader(surely_whole=len(trades) // 2 + spare)
    reader.world.row_cap = len(trades) // 2 + spare
    for place, (symbol, side, quantity, cents, age, fee) in enumerate(trades):
        reader.world.fill(
            reader.account,
            symbol,
            side,
            Decimal(quantity),
            price=Decimal(cents) / 100,
            at=START - timedelta(seconds=40 * age + place),  # never two in one second
            fees={"COMMISSION": Decimal(fee) / 100},
        )
    rows, holdings = asyncio.run(reader.read())
    assert len(rows) == len(trades)
    agree(rows, holdings)
