from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.tradestation.orders import Account, Order
from infra.simulators.brokers.tradestation.world import TradeStationWorld, quota_spent
from shared.brokers.tradestation.spec import SPEC
from shared.domain.execution import RowStatus
from shared.domain.sync.connection import Connection
from tests.brokers.desk import START, USER, Desk
from tests.contract.broker import PagedContract, RenewingContract, SeveralAccountsContract

MARGIN, CASH, FUTURES = "11223344", "11223345", "210F5566"
LOGIN = "/oauth/token"
PATH = f"/v3/brokerage/accounts/{MARGIN}/"
HOUR = timedelta(hours=1)


def open_desk(*, rotating: bool = False) -> Desk:
    desk = Desk(spec=SPEC, make_world=TradeStationWorld, environment="live", auth="oauth")
    key = desk.world.add_key("key-1", "secret-1", rotating=rotating)
    desk.credentials = {
        "client_id": "key-1",
        "client_secret": "secret-1",
        "refresh_token": desk.world.sign_in(key),
    }
    desk.world.add_account(MARGIN)
    return desk


def account(desk: Desk, account_id: str = MARGIN) -> Account:
    found: Account = desk.world._accounts[account_id]
    return found


def book(
    desk: Desk,
    count: int,
    last: datetime | None = None,
    every: timedelta = timedelta(minutes=1),
    account_id: str = MARGIN,
) -> None:
    newest = last or desk.clock.now() - timedelta(minutes=30)
    for i in range(count):
        at = newest - every * (count - 1 - i)
        fill(desk, at, account_id)


def fill(desk: Desk, at: datetime, account_id: str = MARGIN) -> Order:
    order: Order = desk.world.fill(
        account(desk, account_id), "SPY", "Buy", Decimal(1), price=Decimal("300.01"), at=at
    )
    return order


class TestTradeStation(PagedContract, RenewingContract, SeveralAccountsContract):
    history_path = PATH
    rows_at = "Orders"
    page_size = 600
    login_path = LOGIN
    life = timedelta(minutes=20)

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk()

    def book(
        self,
        desk: Desk,
        count: int,
        last: datetime | None = None,
        every: timedelta = timedelta(minutes=1),
    ) -> None:
        book(desk, count, last, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        found: dict[str, Decimal] = desk.world.positions(account(desk))
        return found

    def another(self, desk: Desk) -> str:
        name = CASH if CASH not in desk.world._accounts else FUTURES
        desk.world.add_account(name, kind="Cash" if name == CASH else "Futures")
        return name

    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        book(desk, count, account_id=account_id)

    def refuse(self, desk: Desk, account_id: str) -> None:
        desk.world.failing[account_id] = ("ServiceUnavailable", "try later")

    def hide(self, desk: Desk, account_id: str) -> None:
        del desk.world._accounts[account_id]

    async def test_accounts_that_the_budget_does_not_reach_are_read_by_the_next_message(
        self, desk: Desk, connection: Connection, others: list[str]
    ) -> None:
        """Two lists make one history, so the least budget holds two questions, not one."""

        def slow(rows: list[Any]) -> list[Any]:
            desk.clock.advance(31)
            return rows

        desk.budget_s = 60.0
        desk.world.faults.plan(self.changed(slow), path=self.history_path, times=99)
        first = await desk.sync(connection)
        assert desk.bus.take("sync-tradestation")
        second = await desk.sync(connection, reason="continue")
        await desk.store_all()
        assert (first.outcome, len(first.accounts)) == ("continued", 1)
        assert (second.outcome, len(await desk.log())) == ("complete", 6)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


async def stored(desk: Desk, connection: Connection) -> None:
    await desk.sync(connection)
    await desk.store_all()


def asked(desk: Desk, what: str) -> Sequence[Any]:
    return [call for call in desk.world.calls if call.path.endswith(f"/{what}")]


async def test_orders_on_both_sides_of_the_first_midnight_are_told_apart_to_the_second(
    desk: Desk, connection: Connection
) -> None:
    desk.clock.advance(timedelta(hours=10))  # 2026-03-17T00:00:00Z
    since = desk.clock.now() - SPEC.first_window
    inside, outside = (fill(desk, since - timedelta(seconds=n)) for n in (0, 1))
    await desk.sync(connection)
    assert [row.order_id for row in desk.executions()] == [inside.order_id]
    assert outside.order_id != inside.order_id


@pytest.mark.parametrize(("count", "requests"), [(600, 1), (601, 2)])
async def test_a_page_that_is_just_full_is_the_last(
    desk: Desk, connection: Connection, count: int, requests: int
) -> None:
    book(desk, count, START - timedelta(days=2))
    report = await desk.sync(connection)
    deep = [call for call in asked(desk, "historicalorders") if call.query["since"] < "2026-01"]
    assert (report.rows, len(deep)) == (count, requests)


async def test_an_order_that_closes_while_pages_are_read_doubles_and_loses_nothing(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 601, START - timedelta(days=2))

    def close_one(rows: list[Any]) -> list[Any]:
        fill(desk, START - timedelta(days=1))  # every later page moves on by one row
        return rows

    desk.world.faults.plan(faults.rows(close_one, at="Orders"), path=f"{PATH}historicalorders")
    counts = []
    for _ in range(2):
        await stored(desk, connection)
        counts.append(len(await desk.log()))
    assert counts == [601, 602]


async def test_an_order_in_both_lists_and_in_two_windows_is_one_record(
    desk: Desk, connection: Connection
) -> None:
    fill(desk, START - HOUR)
    await stored(desk, connection)
    desk.clock.advance(timedelta(days=1))
    await stored(desk, connection)
    assert len(await desk.log()) == 1


async def test_an_order_that_grows_between_polls_is_one_record_with_all_its_money(
    desk: Desk, connection: Connection
) -> None:
    order = desk.world.order(
        account(desk), [("AMD", "Buy", Decimal(300))], at=START, duration="GTC"
    )
    parts = [(120, "141.02"), (80, "141.05"), (100, "141.11")]
    for i, (quantity, price) in enumerate(parts):
        order.fill(Decimal(quantity), Decimal(price), START + i * HOUR)
    order.close(START + 2 * HOUR)
    for _ in parts:
        await stored(desk, connection)
        desk.clock.advance(HOUR)
    (record,) = (await desk.log()).values()
    last = desk.executions()[-1]
    assert [row.quantity for row in desk.executions()] == [120, 200, 300]
    assert last.quantity * last.price == sum(Decimal(q) * Decimal(p) for q, p in parts)
    assert (last.executed_at, bool(record)) == (START + 2 * HOUR, True)


async def test_only_what_was_filled_counts_whatever_the_status_says(
    desk: Desk, connection: Connection
) -> None:
    at = START - HOUR
    for symbol, ordered, filled, status in (("MSFT", 40, 15, "FLP"), ("NVDA", 10, 0, "OUT")):
        order = desk.world.order(account(desk), [(symbol, "Buy", Decimal(ordered))], at=at)
        if filled:
            order.fill(Decimal(filled), Decimal("402.1"), at)
        order.close(at, status)
    triggered = desk.world.order(account(desk), [("IONQ", "Buy", Decimal(1))], at=at)
    triggered.fill(Decimal(1), Decimal("43.03"), at)
    triggered.live_status = "ACK"
    report = await desk.sync(connection)
    assert {row.symbol: row.quantity for row in desk.executions()} == {"MSFT": 15, "IONQ": 1}
    assert report.accounts[0].ignored == 1


async def test_a_spread_is_stored_as_its_legs_with_one_fee(
    desk: Desk, connection: Connection
) -> None:
    names = ("SPY 260320P550", "SPY 260320P545")
    for name in names:
        desk.world.list_symbol(name, "STOCKOPTION", Decimal(100))
    legs = [(names[0], "Sell", Decimal(2)), (names[1], "Buy", Decimal(2))]
    order = desk.world.order(account(desk), legs, at=START, commission=Decimal("2.4"))
    order.fill(Decimal(2), Decimal("1.25"), START, leg=0)
    order.fill(Decimal(2), Decimal("1.23"), START, leg=1)
    order.close(START)
    await desk.sync(connection)
    rows = desk.executions()
    assert [(row.signed_quantity, row.price) for row in rows] == [
        (Decimal(-2), Decimal("1.25")),
        (Decimal(2), Decimal("1.23")),
    ]
    assert [fee.amount for row in rows for fee in row.fees] == [Decimal("2.4")]


async def test_an_unknown_future_waits_in_quarantine_beside_the_known_one(
    desk: Desk, connection: Connection
) -> None:
    for symbol in ("ESM26", "ZZZM26"):
        desk.world.list_symbol(symbol, "FUTURE", Decimal(50))
        desk.world.fill(account(desk), symbol, "Buy", Decimal(1), price=Decimal(5000), at=START)
    await desk.sync(connection)
    assert [(row.root, row.multiplier) for row in desk.executions()] == [("ES", Decimal(50))]
    assert "ZZZM26" in desk.unread()[0].reason


async def test_a_rotated_token_takes_the_place_of_the_one_that_was_used() -> None:
    desk = open_desk(rotating=True)
    connection = await desk.connect()
    for _ in range(4):
        assert (await desk.sync(connection)).outcome == "complete"
        desk.clock.advance(timedelta(minutes=20))
    shown = [call.body.decode().split("refresh_token=")[-1] for call in asked(desk, "token")]
    assert len(set(shown)) == 4


async def test_a_rotated_token_that_was_lost_is_tried_once_more_and_then_needs_the_user() -> None:
    desk = open_desk(rotating=True)
    connection = await desk.connect()
    desk.world.faults.plan(faults.timeout(), path=LOGIN)
    with pytest.raises(Exception, match="no answer"):
        await desk.sync(connection)
    ends = [(await desk.sync(connection)).outcome for _ in range(3)]
    assert (ends, len(asked(desk, "token"))) == (["needs_reauth", "resting", "resting"], 2)


async def test_a_sign_in_that_ended_needs_the_user_and_is_not_asked_again() -> None:
    desk = open_desk(rotating=True)
    connection = await desk.connect()
    desk.clock.advance(timedelta(hours=24))
    for _ in range(3):
        await desk.sync(connection)
    health = (await desk.connections.get(USER, connection.connection_id)).health
    assert (health.state, len(asked(desk, "token"))) == ("needs_reauth", 1)
    assert "sign in again" in health.reason


async def test_a_spent_quota_is_waited_for(desk: Desk, connection: Connection) -> None:
    desk.world.faults.plan(quota_spent(41), path=PATH)
    report = await desk.sync(connection)
    assert report.outcome == "complete"
    assert 41 <= sum(desk.clock.slept) <= 41.5


async def test_a_page_token_that_ran_out_starts_the_pages_again(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 601, START - timedelta(days=2))

    def wait(rows: list[Any]) -> list[Any]:
        desk.clock.advance(timedelta(minutes=61))  # the login runs out as well
        return rows

    desk.budget_s = 10_000.0
    desk.world.faults.plan(faults.rows(wait, at="Orders"), path=f"{PATH}historicalorders")
    report = await desk.sync(connection)
    assert (report.outcome, report.rows) == ("complete", 601)


async def test_a_page_token_that_comes_back_ends_the_run(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 1)
    round_trip = faults.body({"Orders": [], "NextToken": "again", "Errors": []})
    desk.world.faults.plan(round_trip, path=f"{PATH}historicalorders", times=9)
    report = await desk.sync(connection)
    assert (report.outcome, desk.rows()) == ("failed", [])
    assert "circle" in report.reason


async def test_a_spoiled_order_is_kept_raw_and_the_others_are_stored(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 3)

    def spoil(rows: list[Any]) -> list[Any]:
        for row, change in zip(rows, ({"Legs": None}, {"CommissionFee": "abc"}), strict=False):
            row.update(change)
        return rows

    desk.world.faults.plan(faults.rows(spoil, at="Orders"), path=PATH, times=99)
    report = await desk.sync(connection)
    assert (report.rows, report.unread) == (1, 2)


async def test_a_broken_order_is_cancelled_not_forgotten(
    desk: Desk, connection: Connection
) -> None:
    order = fill(desk, START - HOUR)
    await stored(desk, connection)
    order.broken_at = START
    desk.clock.advance(HOUR)
    await stored(desk, connection)
    assert [row.status for row in desk.executions()] == [RowStatus.BOOKED, RowStatus.BUSTED]
    assert len(await desk.log()) == 1


async def test_ninety_days_are_read_where_older_ones_are_refused(
    desk: Desk, connection: Connection
) -> None:
    desk.world.history_days = 90
    fill(desk, START - timedelta(days=88))
    assert (await desk.sync(connection)).rows == 1


async def test_a_simulated_account_is_behind_its_own_host(desk: Desk) -> None:
    desk.world.add_account("SIM1", environment="sim")
    book(desk, 2, account_id="SIM1")
    report = await desk.sync(await desk.connect("sim"))
    assert [one.account_id for one in report.accounts] == ["SIM1"]


async def test_a_revoked_key_needs_the_user_at_the_next_renewal(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    desk.world.tokens.revoke(desk.world.tokens._keys["key-1"])
    desk.clock.advance(HOUR)
    assert (await desk.sync(connection)).outcome == "needs_reauth"
