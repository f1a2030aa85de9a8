"""tastytrade against the broker suite, and its fact sheet's cases that need a whole sync."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.tastytrade.account import Account
from infra.simulators.brokers.tastytrade.grants import Grant
from infra.simulators.brokers.tastytrade.query import refused
from infra.simulators.brokers.tastytrade.world import TastytradeWorld, bad_gateway
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.tastytrade.spec import SPEC, transactions
from shared.domain.errors import RateLimited
from shared.domain.execution import EventType, Execution, RowStatus
from shared.domain.sync.connection import Connection
from tests.brokers.desk import START, USER, Desk
from tests.contract.broker import (
    MINUTE,
    ContinuingContract,
    PagedContract,
    RenewingContract,
    SeveralAccountsContract,
)

NUMBER = "5WT00001"
PATH = f"/accounts/{NUMBER}/transactions"
TOKEN = "/oauth/token"
SHORT_PUT, LONG_PUT = "SPY   260320P00550000", "SPY   260320P00545000"
FRIDAY = datetime(2026, 3, 13, 18, 0, tzinfo=UTC)


class TastytradeDesk(Desk):
    """A desk whose user has made a grant for all his accounts."""

    world: TastytradeWorld
    grant: Grant

    @property
    def first(self) -> Account:
        return self.world.accounts[NUMBER]

    def buy(self, account: Account, count: int, last: datetime, every: timedelta = MINUTE) -> None:
        for i in range(count):
            at = last - every * (count - 1 - i)
            price = Decimal("178.21")
            self.world.fill(account, "AAPL", "Buy to Open", Decimal(1), price=price, at=at)

    def trade(
        self, symbol: str, action: str, quantity: str, price: str, at: datetime, **more: Any
    ) -> int:
        return self.world.fill(
            self.first, symbol, action, Decimal(quantity), price=Decimal(price), at=at, **more
        )

    def logins(self) -> int:
        return sum(call.path == TOKEN for call in self.world.calls)


def open_desk(page_size: int = 2000) -> TastytradeDesk:
    spec = replace(SPEC, history=(replace(SPEC.history[0], walk=transactions(page_size)),))
    desk = TastytradeDesk(spec=spec, make_world=TastytradeWorld, environment="live", auth="oauth")
    desk.world.add_account(NUMBER)
    desk.grant = desk.world.grants.grant(desk.world.add_client("app-1", "secret-1"))
    desk.credentials = {
        "client_secret": "secret-1",
        "refresh_token": desk.grant.refresh_token,
    }
    return desk


class TestTastytrade(ContinuingContract, PagedContract, SeveralAccountsContract, RenewingContract):
    history_path = PATH
    rows_at = "data.items"
    page_size = 20
    long = (120, MINUTE)
    login_path = TOKEN
    life = timedelta(minutes=15)

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk(self.page_size)

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        desk.buy(desk.first, count, last or desk.clock.now() - 30 * MINUTE, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        return desk.world.positions(desk.first)

    def another(self, desk: Desk) -> str:
        return desk.world.add_account(f"5WT0000{len(desk.world.accounts) + 1}").number

    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        desk.buy(desk.world.accounts[account_id], count, desk.clock.now() - MINUTE)

    def refuse(self, desk: Desk, account_id: str) -> None:
        desk.world.accounts[account_id].forbidden = True

    def hide(self, desk: Desk, account_id: str) -> None:
        del desk.world.accounts[account_id]


@pytest.fixture
def desk() -> TastytradeDesk:
    return open_desk()


@pytest.fixture
async def connection(desk: TastytradeDesk) -> Connection:
    return await desk.connect()


@pytest.mark.parametrize("inclusive", [True, False])
async def test_fills_at_the_bounds_of_adjoining_windows_are_stored_once(
    desk: TastytradeDesk, connection: Connection, *, inclusive: bool
) -> None:
    desk.world.inclusive = inclusive
    desk.buy(desk.first, 1, START)  # at the end of the first window
    desk.buy(desk.first, 1, START - SPEC.first_window)
    await desk.sync(connection)
    desk.clock.advance(SPEC.overlap)  # the next window begins where the first one ended
    await desk.sync(connection)
    await desk.store_all()
    assert len(await desk.log()) == 2


async def test_a_closed_account_is_read_and_a_refused_one_holds_up_no_other(
    desk: TastytradeDesk, connection: Connection
) -> None:
    others = [
        desk.world.add_account("5WT00002", kind="Roth IRA"),
        desk.world.add_account("5WT00003", kind="Joint"),
        desk.world.add_account("5WT00009", closed=True),
    ]
    for account in (desk.first, *others):
        desk.buy(account, 2, START - MINUTE)
    others[0].forbidden = True
    report = await desk.sync(connection)
    await desk.store_all()
    ends = {one.account_id: one.outcome for one in report.accounts}
    assert ends == {NUMBER: "complete", "5WT00003": "complete", "5WT00009": "complete"} | {
        "5WT00002": "failed"
    }
    assert (len(await desk.log()), "may not read" in report.reason) == (6, True)


def pages_asked(desk: Desk) -> list[str]:
    return [call.query["page-offset"] for call in desk.world.calls if call.path == PATH]


async def test_six_rows_are_two_pages_of_four() -> None:
    desk = open_desk(page_size=4)
    desk.buy(desk.first, 6, START - 30 * MINUTE)
    report = await desk.sync(await desk.connect())
    assert (report.rows, pages_asked(desk)[:2]) == (6, ["0", "1"])


async def test_a_late_row_between_two_pages_starts_the_walk_over_and_is_stored_once() -> None:
    desk = open_desk(page_size=4)
    desk.buy(desk.first, 6, START - 30 * MINUTE)

    def late(call: Call, answered: Answer) -> Answer:
        desk.buy(desk.first, 1, START - timedelta(days=1))
        return answered

    desk.world.faults.plan(late, path=PATH)
    report = await desk.sync(await desk.connect())
    await desk.store_all()
    assert (report.rows, len(await desk.log()), pages_asked(desk)[:4]) == (7, 7, ["0", "1"] * 2)


async def test_a_later_copy_with_another_fee_replaces_the_first(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.buy(desk.first, 1, START - MINUTE)
    await desk.sync(connection)
    await desk.store_all()
    before = await desk.log()
    desk.first.book[0].body.update({"clearing-fees": "0.05", "clearing-fees-effect": "Debit"})
    desk.clock.advance(15 * MINUTE)
    await desk.sync(connection)
    await desk.store_all()
    after = await desk.log()
    assert (after.keys(), after == before) == (before.keys(), False)


async def test_parts_of_one_order_are_executions_of_their_own(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.trade("AAPL", "Buy to Open", "60", "178.21", FRIDAY, order_id=7)
    desk.trade("AAPL", "Buy to Open", "40", "178.22", FRIDAY + MINUTE, order_id=7)
    await desk.sync(connection)
    spent = sum(fill.quantity * fill.price for fill in desk.executions())
    assert [fill.order_id for fill in desk.executions()] == ["7", "7"]
    assert spent / 100 == Decimal("178.214")


async def test_the_legs_of_a_spread_are_executions_of_one_order(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.trade(SHORT_PUT, "Sell to Open", "2", "1.25", FRIDAY, order_id=8, legs=2)
    desk.trade(LONG_PUT, "Buy to Open", "2", "1.23", FRIDAY, order_id=8, legs=2)
    await desk.sync(connection)
    told = [(fill.symbol, fill.signed_quantity, fill.order_id) for fill in desk.executions()]
    assert told == [(SHORT_PUT, -2, "8"), (LONG_PUT, 2, "8")]


async def test_an_adjusted_fee_is_money_of_a_day_and_no_trade(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.world.money(desk.first, "Balance Adjustment", Decimal("-0.02"), at=FRIDAY)
    await desk.sync(connection)
    (event,) = desk.events()
    assert (event.type, event.amount, event.symbol) == (EventType.FEE, Decimal("-0.02"), None)


async def test_options_end_by_rows_that_tell_no_side_and_shares_are_delivered(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.trade(SHORT_PUT, "Sell to Open", "2", "1.25", START)
    desk.trade(LONG_PUT, "Buy to Open", "2", "1.23", START)
    await desk.sync(connection)
    desk.clock.advance(timedelta(days=5))
    expiry, account = datetime(2026, 3, 20, 21, tzinfo=UTC), desk.first
    for symbol, how in ((SHORT_PUT, "Assignment"), (LONG_PUT, "Expiration")):
        desk.world.end(account, symbol, how, at=expiry)
    desk.world.receive(
        account, "SPY", "Buy to Open", Decimal(200), price=Decimal(550), at=expiry, fee=Decimal(5)
    )
    await desk.sync(connection)
    assigned, expired, delivered = desk.events()
    assert (assigned.type, assigned.closes, assigned.quantity) == (EventType.ASSIGNMENT, 2, None)
    assert (expired.type, expired.closes, expired.price) == (EventType.EXPIRY, 2, None)
    assert (delivered.type, delivered.quantity, delivered.price) == (EventType.DELIVERY, 200, 550)
    assert desk.world.positions(account) == {"SPY": 200}


async def test_a_future_counts_by_its_prices_and_its_daily_settlement_not_again(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.trade("/ESM6", "Buy", "1", "5725.25", FRIDAY)
    desk.world.money(desk.first, "Mark to Market", Decimal("162.5"), at=FRIDAY, symbol="/ESM6")
    await desk.sync(connection)
    ((fill,), (settled,)) = desk.executions(), desk.events()
    assert (fill.root, fill.multiplier) == ("ES", 50)
    assert (settled.type, settled.root, settled.amount) == (EventType.CASH, "ES", Decimal("162.5"))


async def stored(desk: TastytradeDesk) -> list[Execution]:
    """What the newest observations say."""
    heads: dict[str, Execution] = {}
    for row in desk.rows():
        assert isinstance(row.row, Execution)
        heads[row.key] = row.row
    return list(heads.values())


@pytest.mark.parametrize("page_size", [2000, 1], ids=["one page", "pages apart"])
async def test_a_reversal_and_what_it_takes_back_do_not_count(page_size: int) -> None:
    desk = open_desk(page_size)
    desk.trade("AAPL", "Buy to Open", "60", "178.21", FRIDAY)
    taken_back = desk.trade("AAPL", "Buy to Open", "40", "178.22", FRIDAY + MINUTE)
    desk.world.reverse(desk.first, taken_back, at=START - MINUTE)
    await desk.sync(await desk.connect())
    booked = [fill for fill in await stored(desk) if fill.status is RowStatus.BOOKED]
    assert ([fill.quantity for fill in booked], len(await stored(desk))) == ([60], 3)


async def test_a_reversal_of_a_row_before_the_window_cancels_it_too(
    desk: TastytradeDesk, connection: Connection
) -> None:
    old = desk.trade("AAPL", "Buy to Open", "40", "178.22", START - MINUTE)
    await desk.sync(connection)
    desk.clock.advance(timedelta(days=30))
    desk.world.reverse(desk.first, old, at=desk.clock.now() - MINUTE)
    await desk.sync(connection)
    assert [fill.status for fill in await stored(desk)] == [RowStatus.BUSTED] * 2


async def test_a_reversal_of_a_row_that_is_nowhere_is_quarantined(
    desk: TastytradeDesk, connection: Connection
) -> None:
    old = desk.trade("AAPL", "Buy to Open", "40", "178.22", START - 2 * MINUTE)
    desk.world.reverse(desk.first, old, at=START - MINUTE)
    del desk.first.book[0]
    report = await desk.sync(connection)
    assert (report.outcome, report.rows, report.unread) == ("complete", 0, 1)


class TestLogin:
    async def test_a_token_that_runs_out_between_pages_is_renewed_once(self) -> None:
        desk = open_desk(page_size=4)
        desk.buy(desk.first, 6, START - 30 * MINUTE)

        def wait(_: Call, answered: Answer) -> Answer:
            desk.clock.advance(timedelta(minutes=15))
            return answered

        desk.budget_s = 3600.0
        desk.world.faults.plan(wait, path=PATH)
        report = await desk.sync(await desk.connect())
        await desk.store_all()
        assert (report.outcome, len(await desk.log()), desk.logins()) == ("complete", 6, 2)

    async def test_a_program_without_a_name_is_no_reason_to_sign_in_again(self) -> None:
        desk = open_desk()
        desk.spec = replace(desk.spec, headers={"User-Agent": "nobody"})
        connection = await desk.connect()
        report = await desk.sync(connection)
        assert (report.outcome, await desk.health(connection)) == ("failed", "failed")
        assert "User-Agent" in report.reason

    async def test_a_revoked_grant_is_asked_for_once_and_needs_the_user(
        self, desk: TastytradeDesk, connection: Connection
    ) -> None:
        desk.grant.revoked = True
        for _ in range(3):
            report = await desk.sync(connection)
        assert (report.outcome, desk.logins()) == ("resting", 1)
        health = (await desk.connections.get(USER, connection.connection_id)).health
        assert (health.state, "the grant is revoked" in health.reason) == ("needs_reauth", True)

    async def test_a_secret_of_another_application_is_told_as_such(
        self, desk: TastytradeDesk
    ) -> None:
        report = await desk.sync(await desk.connect(client_secret="another"))
        assert (report.outcome, "not of one application" in report.reason) == ("needs_reauth", True)

    async def test_a_grant_of_the_other_environment_needs_another(
        self, desk: TastytradeDesk
    ) -> None:
        report = await desk.sync(await desk.connect("sandbox"))
        assert (report.outcome, "other environment" in report.reason) == ("needs_reauth", True)

    async def test_a_grant_without_the_scope_says_which_is_missing(
        self, desk: TastytradeDesk, connection: Connection
    ) -> None:
        desk.grant.scope = "openid"
        report = await desk.sync(connection)
        assert (report.outcome, "`read`" in report.reason) == ("needs_reauth", True)


async def test_three_rate_limits_without_an_end_are_waited_for(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.buy(desk.first, 3, START - MINUTE)
    desk.world.faults.plan(faults.status(429), path=PATH, times=3)
    report = await desk.sync(connection)
    assert (report.rows, report.waited_s > 0) == (3, True)


async def test_rate_limits_that_do_not_pass_throttle_the_connection(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.world.faults.plan(faults.status(429), path=PATH, times=99)
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    assert await desk.health(connection) == "throttled"


async def test_a_proxy_s_page_is_no_answer_and_asked_for_again(
    desk: TastytradeDesk, connection: Connection
) -> None:
    desk.buy(desk.first, 3, START - MINUTE)
    desk.world.faults.plan(bad_gateway(), path=PATH)
    assert (await desk.sync(connection)).rows == 3


async def test_a_version_that_is_gone_asks_for_an_update(
    desk: TastytradeDesk, connection: Connection
) -> None:
    gone = refused(406, 406, "version 20251101 is not supported").answer
    desk.world.faults.plan(lambda _, __: gone, path=PATH)
    report = await desk.sync(connection)
    assert (report.outcome, "update Daybias" in report.reason) == ("failed", True)


SPOILED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a quantity that is none": lambda row: {**row, "quantity": "abc"},
    "an unknown instrument": lambda row: {**row, "instrument-type": "Planet"},
    "no price": lambda row: {**row, "price": None},
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
async def test_a_spoiled_row_is_quarantined_and_its_day_says_so(
    desk: TastytradeDesk,
    connection: Connection,
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    desk.buy(desk.first, 3, FRIDAY)
    change = faults.rows(
        lambda rows: [spoil(rows[0]), *rows[1:]] if rows else rows, at="data.items"
    )
    desk.world.faults.plan(change, path=PATH, times=99)
    report = await desk.sync(connection)
    await desk.store_all()
    assert (report.rows, report.unread, len(await desk.log())) == (2, 1, 2)
    account = (await desk.one("accounts")).key.id
    days = (await desk.one("coverage", order_by="year", account_key=account)).body["days"]
    assert (days["2026-03-13"]["state"], days["2026-03-13"]["quarantined"]) == ("complete", 1)
    assert await desk.cursor_us() == int(START.timestamp() * 1_000_000)


async def test_a_sandbox_that_forgot_everything_takes_nothing_out_of_the_log() -> None:
    desk = open_desk()
    account = desk.world.add_account("5WT0SAND", environment="sandbox")
    grant = desk.world.grants.grant(desk.world.add_client("app-2", "s-2", environment="sandbox"))
    login = {"client_secret": "s-2", "refresh_token": grant.refresh_token}
    connection = await desk.connect("sandbox", **login)
    desk.buy(account, 2, START - MINUTE)
    await desk.sync(connection)
    desk.world.wipe()
    desk.clock.advance(timedelta(days=1))
    await desk.sync(connection)
    await desk.store_all()
    assert len(await desk.log()) == 2
