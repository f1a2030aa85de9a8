"""What is read from the simulated OANDA adds up to its positions and to its balance."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers import faults
from infra.simulators.brokers.oanda.account import Account
from infra.simulators.brokers.oanda.world import OandaWorld
from infra.simulators.brokers.transport import SimulatorTransport
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.oanda.spec import SPEC
from shared.brokers.spec import BrokerAccount, Holdings, Ignored, Request, Window
from shared.domain.errors import AuthRejected, UnparseableRow
from shared.domain.execution import Execution, LogRow
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ID = "101-004-9990417-001"
(ENDPOINT,) = SPEC.history


@dataclass
class Reader:
    """The engine's client behind one token, walking as a sync does."""

    world: OandaWorld
    clock: ManualClock
    account: BrokerAccount = field(default_factory=lambda: BrokerAccount(ID, ID, "USD"))
    rows: dict[tuple[str, ...], LogRow] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    mark: str | None = None

    async def ask(self, request: Request) -> Any:
        headers = {**SPEC.headers, **SPEC.auth["api_key"].headers({"token": "t1"})}
        transport = SimulatorTransport(self.world.handle)
        async with Session(SPEC.hosts["practice"], headers, transport) as session:
            client = BrokerClient(SPEC, session, self.clock, SeededEntropy(), deadline=1e9)
            return await client.ask(request)

    async def read(self, since: datetime | None = None) -> None:
        now = self.clock.now()
        window = Window(since or now - SPEC.first_window, now, self.mark)
        async for page in ENDPOINT.walk(self.ask, self.account, window):
            for raw in page.rows:
                self.take(raw)
            self.mark = page.mark or self.mark

    def take(self, raw: Any) -> None:
        try:
            found = ENDPOINT.parse(raw, self.account)
        except UnparseableRow as error:
            self.unread.append(str(error))
            return
        if isinstance(found, Ignored):
            self.ignored.append(found.reason)
        elif isinstance(found, tuple):
            self.rows |= {one.identity: one.row for one in found}

    async def holdings(self) -> Holdings:
        bodies = [await self.ask(request) for request in SPEC.holdings.requests(self.account)]
        return SPEC.holdings.read(bodies, self.account)

    def fills(self) -> list[Execution]:
        return [row for row in self.rows.values() if isinstance(row, Execution)]

    def moved(self) -> Decimal:
        """The change of the balance: all amounts less all fees."""
        total = Decimal(0)
        for row in self.rows.values():
            if isinstance(row, Execution):
                total -= sum((fee.amount for fee in row.fees), Decimal(0))
            else:
                total += row.amount
        return total

    def held(self) -> dict[str, Decimal]:
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for fill in self.fills():
            found[fill.symbol] += fill.signed_quantity
        return {symbol: quantity for symbol, quantity in found.items() if quantity}

    def paths(self) -> list[str]:
        return [call.path.removeprefix(f"/v3/accounts/{ID}/") for call in self.world.calls]


@pytest.fixture
def reader() -> Reader:
    return open_reader()


def open_reader(**more: Any) -> Reader:
    clock = ManualClock(START)
    world = OandaWorld(clock.now)
    world.add_account(account_id=ID, token="t1", opened_at=START - timedelta(days=800), **more)
    return Reader(world, clock)


def account(reader: Reader) -> Account:
    return reader.world._accounts[ID]


def trade(reader: Reader, units: str, *, age: timedelta, **more: Any) -> str:
    more = {"instrument": "EUR_USD", "price": Decimal("1.08541"), **more}
    at = reader.clock.now() - age
    return reader.world.fill(account(reader), units=Decimal(units), at=at, **more)


async def test_fills_at_both_ends_of_a_window_are_read(reader: Reader) -> None:
    for age in (SPEC.first_window, timedelta(0)):
        trade(reader, "1", age=age)
    await reader.read()
    assert len(reader.fills()) == 2


async def test_adjoining_windows_give_a_fill_twice_and_it_is_the_same(reader: Reader) -> None:
    trade(reader, "1", age=timedelta(days=365))  # where the windows meet
    await reader.read(START - timedelta(days=730))
    assert (reader.ignored, len(reader.fills())) == (["MARKET_ORDER"] * 2, 1)


async def test_2124_transactions_are_22_pages_of_the_broker_s_own_host(reader: Reader) -> None:
    for i in range(1062):
        trade(reader, "1", age=timedelta(minutes=1062 - i))
    await reader.read()
    assert (reader.paths().count("transactions/idrange"), len(reader.fills())) == (22, 1062)


async def test_pages_without_fills_do_not_stop_the_walk(reader: Reader) -> None:
    trade(reader, "1", age=timedelta(hours=2))
    for _ in range(300):
        reader.world.row(account(reader), "ORDER_CANCEL", at=START - timedelta(hours=1))
    trade(reader, "1", age=timedelta(minutes=1))
    await reader.read()
    assert len(reader.fills()) == 2


async def test_2500_newer_rows_are_three_requests(reader: Reader) -> None:
    trade(reader, "1", age=timedelta(hours=1))
    await reader.read()
    reader.clock.advance(timedelta(hours=1))
    for i in range(1250):
        trade(reader, "1", age=timedelta(seconds=1250 - i))
    await reader.read()
    assert reader.paths().count("transactions/sinceid") == 3
    assert len(reader.fills()) == 1251


async def test_400_days_are_two_windows_of_what_one_is_refused(reader: Reader) -> None:
    trade(reader, "1", age=timedelta(days=399))
    await reader.read(START - timedelta(days=400))
    assert (reader.paths().count("transactions"), len(reader.fills())) == (2, 1)


async def test_a_reversal_is_one_execution_and_its_profit_is_kept(reader: Reader) -> None:
    trade(reader, "10000", age=timedelta(hours=2))
    trade(reader, "-15000", age=timedelta(hours=1), price=Decimal("1.08700"))
    await reader.read()
    assert (len(reader.fills()), reader.held()) == (2, {"EUR_USD": Decimal(-5000)})
    assert reader.moved() == Decimal("15.9000")


async def test_the_rollover_is_cash_and_closes_the_chain_to_the_balance(reader: Reader) -> None:
    trade(reader, "10000", age=timedelta(hours=2))
    amounts = {"EUR_USD": Decimal("-0.0727"), "DE30_EUR": Decimal("-0.24")}
    reader.world.financing(account(reader), amounts, at=START - timedelta(hours=1))
    reader.world.transfer(account(reader), Decimal("-250.5"), at=START)
    await reader.read()
    assert len(reader.fills()) == 1
    assert 100_000 + reader.moved() == (await reader.holdings()).cash


async def test_the_mark_passes_from_999_to_1000() -> None:
    reader = open_reader(next_id=998)
    trade(reader, "1", age=timedelta(hours=1))
    await reader.read()
    trade(reader, "2", age=timedelta(minutes=1))
    await reader.read()
    assert (reader.mark, [f.execution_id for f in reader.fills()]) == ("1001", ["999", "1001"])


async def test_a_fraction_and_nine_digits_of_a_second_survive(reader: Reader) -> None:
    trade(reader, "-0.5", age=timedelta(minutes=1), instrument="DE30_EUR", nanos=1)
    await reader.read()
    (fill,) = reader.fills()
    assert (fill.signed_quantity, fill.executed_at) == (
        Decimal("-0.5"),
        START - timedelta(minutes=1),
    )


@pytest.mark.parametrize(
    "fault", [faults.status(429), faults.html_503(), faults.timeout(), faults.cut_body()]
)
async def test_what_may_pass_is_asked_again_and_nothing_is_doubled(
    reader: Reader, fault: faults.Fault
) -> None:
    trade(reader, "1", age=timedelta(hours=1))
    reader.world.faults.plan(fault, path=f"/v3/accounts/{ID}/transactions", times=2)
    await reader.read()
    assert len(reader.fills()) == 1


async def test_a_token_that_is_refused_half_way_leaves_the_mark_of_whole_pages(
    reader: Reader,
) -> None:
    for i in range(100):
        trade(reader, "1", age=timedelta(minutes=100 - i))
    path = f"/v3/accounts/{ID}/transactions/idrange"
    reader.world.faults.plan(faults.status(401), path=path, skip=1)
    with pytest.raises(AuthRejected):
        await reader.read()
    assert (reader.mark, len(reader.fills())) == ("100", 50)
    await reader.read()  # with a new token
    assert len(reader.fills()) == 100


async def test_a_spoiled_row_is_kept_in_sight_and_later_ones_are_read(reader: Reader) -> None:
    for age in (3, 2, 1):
        trade(reader, "1", age=timedelta(hours=age))
    del account(reader).book[1].body["units"]
    account(reader).book[3].body["tradeOpened"]["price"] = ""
    await reader.read()
    assert (len(reader.unread), len(reader.fills()), reader.mark) == (2, 1, "6")


async def test_both_sides_of_a_hedge_net_to_what_is_held() -> None:
    reader = open_reader(hedging=True)
    for units in ("100", "-40"):
        trade(reader, units, age=timedelta(hours=1))
    await reader.read()
    (held,) = (await reader.holdings()).positions
    assert {held.symbol: held.quantity} == reader.held() == {"EUR_USD": Decimal(60)}


TRADES = st.lists(
    st.tuples(
        st.sampled_from(["EUR_USD", "USD_JPY", "DE30_EUR"]),
        st.integers(-9999, 9999).filter(bool),
        st.decimals(min_value="0.5", max_value="2", places=5),
        st.booleans(),  # read the account before it
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(TRADES, st.booleans())
def test_whatever_is_traded_adds_up(trades: list[Any], hedging: bool) -> None:
    async def run() -> None:
        reader = open_reader(hedging=hedging)
        for instrument, units, price, reads in trades:
            if reads:
                await reader.read()
            reader.clock.advance(timedelta(hours=7))
            rate = Decimal("0.0067") if instrument == "USD_JPY" else Decimal(1)
            trade(
                reader,
                str(units),
                age=timedelta(minutes=1),
                instrument=instrument,
                price=price,
                rate=rate,
                commission=Decimal("0.35"),
                financing=Decimal("-0.0123"),
            )
        await reader.read()
        holdings = await reader.holdings()
        assert reader.held() == {p.symbol: p.quantity for p in holdings.positions if p.quantity}
        # every amount is shown in four places, the balance is rounded from the exact sum
        assert abs(100_000 + reader.moved() - holdings.cash) <= len(trades) * Decimal("0.0001")

    asyncio.run(run())
