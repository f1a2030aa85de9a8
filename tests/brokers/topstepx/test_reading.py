"""What is read from the simulated TopstepX adds up to what it says is held, whatever it is like."""

import asyncio
import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers.topstepx.world import TopstepXWorld
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Answer, answer
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import Holdings, ParsedRow, Request, Window
from shared.brokers.topstepx.spec import SPEC
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    RequestRejected,
    UnparseableRow,
    UpstreamUnavailable,
)
from shared.domain.execution import Execution, RowStatus
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
MNQ, NQ, MGC = "CON.F.US.MNQ.M26", "CON.F.US.ENQ.M26", "CON.F.US.MGC.J26"
Rows = dict[tuple[str, ...], Execution]
(ENDPOINT,) = SPEC.history
SCHEME = SPEC.auth["api_key"]


class Reader:
    """The engine's client behind one login, asking as a sync does."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.world = TopstepXWorld(self.clock.now)
        self.world.add_login("trader", "key-1")
        self.account = self.world.add_account("trader", account_id=101, name="50K")
        self.unread: list[str] = []

    def fill(
        self, contract_id: str, side: str, size: int, *, age_s: float = 60, **more: Any
    ) -> int:
        price = more.pop("price", Decimal(100))
        at = self.clock.now() - timedelta(seconds=age_s)
        return self.world.fill(self.account, contract_id, side, size, price=price, at=at, **more)

    async def ask(self, *requests: Request, api_key: str = "key-1") -> list[Any]:
        assert SCHEME.renewal is not None
        transport = SimulatorTransport(self.world.handle)
        async with Session(SPEC.hosts["live"], {}, transport) as session:
            client = BrokerClient(SPEC, session, self.clock, SeededEntropy(), deadline=1e9)
            login = SCHEME.renewal.request({"user_name": "trader", "api_key": api_key})
            kept = SCHEME.renewal.read(await client.ask_once(login), self.clock.now())
            session.headers.update(SCHEME.headers(kept))
            return [await client.ask(request) for request in requests]

    async def read(self, since: datetime | None = None) -> Rows:
        """Read from `since` until now, the first window otherwise."""
        now = self.clock.now()
        window = Window(since or now - SPEC.first_window, now)
        (accounts,) = await self.ask(SPEC.accounts.request)
        account = next(a for a in SPEC.accounts.read(accounts) if a.account_id == "101")
        found: Rows = {}

        async def ask(request: Request) -> Any:
            return (await self.ask(request))[0]

        async for page in ENDPOINT.walk(ask, account, window):
            for raw in page.rows:
                try:
                    parsed = ENDPOINT.parse(raw, account)
                except UnparseableRow as error:
                    self.unread.append(str(error))
                    continue
                assert isinstance(parsed, ParsedRow)
                assert isinstance(parsed.row, Execution)
                found[parsed.identity] = parsed.row
        return found

    async def holdings(self) -> Holdings:
        (accounts,) = await self.ask(SPEC.accounts.request)
        account = next(a for a in SPEC.accounts.read(accounts) if a.account_id == "101")
        return SPEC.holdings.read(await self.ask(*SPEC.holdings.requests(account)), account)


def agree(rows: Rows, holdings: Holdings) -> None:
    """Hold quantities against positions, and cash against the money that the fills moved.

    A future is no cash until it is closed, so the open positions' worth at cost is added.
    """
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    cash, multiplier = Decimal(50_000), dict[str, Decimal]()
    for row in rows.values():
        if row.status is RowStatus.BOOKED:
            held[row.symbol] += row.signed_quantity
            multiplier[row.symbol] = row.multiplier
            cash -= row.signed_quantity * row.price * row.multiplier
            cash -= sum((fee.amount for fee in row.fees), Decimal(0))
    at_cost = sum(
        p.quantity * (p.average_price or Decimal(0)) * multiplier[p.symbol]
        for p in holdings.positions
    )
    assert {s: q for s, q in held.items() if q} == {
        p.symbol: p.quantity for p in holdings.positions
    }
    assert abs(cash + at_cost - holdings.cash) < Decimal("0.001")  # average prices have 9 places


async def test_trades_positions_and_the_balance_agree() -> None:
    reader = Reader()
    reader.fill(MNQ, "buy", 3, price=Decimal("25340.25"), age_s=300)
    reader.fill(MNQ, "sell", 1, price=Decimal("25345.75"), age_s=240)
    reader.fill(MGC, "sell", 2, price=Decimal("2951.4"), age_s=180)
    reader.fill(MGC, "buy", 2, price=Decimal("2951.4"), age_s=120)  # break-even counts too
    rows = await reader.read()
    agree(rows, await reader.holdings())
    assert len(rows) == 4


@pytest.mark.parametrize("exclusive", [False, True])
async def test_fills_at_both_ends_of_the_window_are_read_once(exclusive: bool) -> None:
    reader = Reader()
    reader.world.exclusive_ends = exclusive
    for age in (SPEC.first_window.total_seconds(), 7 * 86_400, 0):
        reader.fill(MNQ, "buy", 1, age_s=age)
    assert len(await reader.read()) == 3


async def test_random_order_gives_the_same_rows() -> None:
    reader = Reader()
    for minute in range(30):
        reader.fill(MNQ, "buy", 1, age_s=60 * minute)
    in_order = await reader.read()
    reader.world.shuffled = True
    assert await reader.read() == in_order


async def test_twins_of_one_order_are_two_fills() -> None:
    reader = Reader()
    for _ in range(2):
        reader.fill(MNQ, "buy", 1, order_id=7)
    assert [row.order_id for row in (await reader.read()).values()] == ["7", "7"]


async def test_a_fill_that_is_voided_later_turns_busted_and_the_rest_agrees() -> None:
    reader = Reader()
    wrong = reader.fill(MNQ, "buy", 1)
    reader.fill(MNQ, "buy", 1)
    before = await reader.read()
    reader.clock.advance(timedelta(days=1))
    reader.world.void(reader.account, wrong)
    after = await reader.read(reader.clock.now() - SPEC.overlap)
    assert before.keys() == after.keys()
    assert {key for key in after if after[key] != before[key]} == {(str(wrong),)}
    agree(after, await reader.holdings())


async def test_spoiled_rows_are_kept_apart_and_the_rest_is_read() -> None:
    reader = Reader()
    for _ in range(3):
        reader.fill(MNQ, "buy", 1)

    def spoil(_: object, answered: Answer) -> Answer:
        body = json.loads(answered.body)
        if body["trades"]:
            body["trades"][0]["side"], body["trades"][1]["size"] = 7, 0
        return answer(body)

    reader.world.faults.plan(spoil, path="/api/Trade/search", times=99)
    rows = await reader.read(reader.clock.now() - timedelta(days=1))
    assert (len(rows), [text.split(":")[0] for text in reader.unread]) == (1, ["side", "size"])


@pytest.mark.parametrize(
    "body", [b'{"success": true}', b'{"success": true, "trades": null}', b"[]"]
)
async def test_an_answer_without_trades_is_an_error_and_not_no_trades(body: bytes) -> None:
    reader = Reader()
    reader.world.faults.plan(lambda _, __: Answer(200, body), path="/api/Trade/search")
    with pytest.raises(ContractBroken):
        await reader.read()


async def test_a_missing_subscription_is_told_after_one_try() -> None:
    reader = Reader()
    reader.world.refuse("trader", 9)
    with pytest.raises(AuthRejected, match="API subscription"):
        await reader.read()
    assert len(reader.world.calls) == 1


async def test_a_wrong_key_is_told() -> None:
    with pytest.raises(AuthRejected, match="API key is wrong"):
        await Reader().ask(api_key="wrong")


async def test_an_account_that_is_closed_is_told_as_such() -> None:
    reader = Reader()
    reader.account.unknown = True
    with pytest.raises(RequestRejected, match="does not know this account"):
        await reader.read()


async def test_a_maintenance_page_may_pass() -> None:
    reader = Reader()
    page = Answer(503, b"<html>Service Unavailable</html>", {"content-type": "text/html"})
    reader.world.faults.plan(lambda _, __: page, path="/api/Account", times=99)
    with pytest.raises(UpstreamUnavailable):
        await reader.read()


TRADES = st.lists(
    st.tuples(
        st.sampled_from([MNQ, NQ, MGC]),
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 20),
        st.integers(1, 100_000),
        st.integers(0, 90 * 86_400),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(TRADES, st.booleans(), st.booleans())
def test_every_fill_is_read_whatever_the_platform_leaves_open(
    trades: list[tuple[str, str, int, int, int, bool]], exclusive: bool, shuffled: bool
) -> None:
    reader = Reader()
    reader.world.exclusive_ends, reader.world.shuffled = exclusive, shuffled
    oldest_first = sorted(trades, key=lambda trade: -trade[4])
    for contract_id, side, size, ticks, age_s, has_fees in oldest_first:
        price, fees = Decimal(ticks) / 4, Decimal("0.37") * size if has_fees else None
        reader.fill(contract_id, side, size, price=price, age_s=age_s, fees=fees)
    rows = asyncio.run(reader.read())
    assert len(rows) == len(trades)
    agree(rows, asyncio.run(reader.holdings()))
