from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.schwab.account import Account, hash_of
from infra.simulators.brokers.schwab.login import Consent
from infra.simulators.brokers.schwab.world import SchwabWorld
from shared.brokers.schwab.spec import SPEC, transactions
from shared.domain.execution import Execution
from shared.domain.money import loads_exact
from shared.domain.sync.connection import Connection
from shared.ports import Query
from tests.brokers.desk import START, USER, Desk
from tests.contract.broker import (
    MINUTE,
    ContinuingContract,
    RenewingContract,
    SeveralAccountsContract,
)

NUMBER = "48217735"
PATH = f"/trader/v1/accounts/{hash_of(NUMBER, 0)}/transactions"
TOKEN = "/v1/oauth/token"


class SchwabDesk(Desk):
    """A desk whose user has logged in at Schwab and ticked one account."""

    world: SchwabWorld
    consent: Consent

    @property
    def first(self) -> Account:
        return self.world.accounts[NUMBER]

    def add(self, number: str, kind: str = "MARGIN") -> Account:
        """Open one more account behind the login."""
        account = self.world.add_account(number, kind=kind)
        self.consent.numbers += (number,)
        return account

    def buy(self, account: Account, count: int, last: datetime, every: timedelta = MINUTE) -> None:
        for i in range(count):
            at = last - every * (count - 1 - i)
            self.world.fill(account, "KO", "buy", Decimal(1), price=Decimal("69.01"), at=at)


def open_desk() -> SchwabDesk:
    desk = SchwabDesk(spec=SPEC, make_world=SchwabWorld, environment="live", auth="oauth")
    desk.world.add_account(NUMBER)
    desk.consent = desk.world.log_in(desk.world.add_app("app-key", "app-secret"))
    desk.credentials = {
        "client_id": "app-key",
        "client_secret": "app-secret",
        "refresh_token": desk.consent.refresh_token,
    }
    return desk


class TestSchwab(ContinuingContract, SeveralAccountsContract, RenewingContract):
    history_path = PATH
    long = (40, timedelta(days=2))  # 80 days are twelve weeks, each a question of its own
    login_path = TOKEN
    life = timedelta(minutes=30)

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk()

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        desk.buy(desk.first, count, last or desk.clock.now() - 30 * MINUTE, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        return desk.world.positions(desk.first)

    def another(self, desk: Desk) -> str:
        return desk.add(f"7300190{len(desk.world.accounts)}").number

    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        desk.buy(desk.world.accounts[account_id], count, desk.clock.now() - MINUTE)

    def refuse(self, desk: Desk, account_id: str) -> None:
        hashed = desk.world.accounts[account_id].hash_value
        desk.world.faults.plan(faults.status(422), path=f"/trader/v1/accounts/{hashed}", times=99)

    def hide(self, desk: Desk, account_id: str) -> None:
        desk.consent.numbers = tuple(n for n in desk.consent.numbers if n != account_id)


@pytest.fixture
def desk() -> SchwabDesk:
    return open_desk()


@pytest.fixture
async def connection(desk: SchwabDesk) -> Connection:
    return await desk.connect()


def asked(desk: SchwabDesk, path: str) -> int:
    return sum(call.path.endswith(path) for call in desk.world.calls)


async def test_a_fill_where_two_windows_meet_is_stored_once(
    desk: SchwabDesk, connection: Connection
) -> None:
    desk.buy(desk.first, 1, START - SPEC.first_window + timedelta(days=7))
    report = await desk.sync(connection)
    assert (report.rows, len(await desk.stored())) == (1, 1)


async def test_a_changed_hash_is_read_anew_without_a_new_login(
    desk: SchwabDesk, connection: Connection
) -> None:
    accounts = [desk.first, desk.add("48217736"), desk.add("73001904", kind="CASH")]
    for account in accounts:
        desk.buy(account, 2, START - MINUTE)
    await desk.sync(connection)
    desk.world.change_hash(accounts[1])
    desk.clock.advance(timedelta(minutes=15))
    desk.buy(accounts[1], 1, desk.clock.now() - MINUTE)
    report = await desk.sync(connection)
    page = await desk.documents.scan(Query("accounts", (USER,)))
    assert (report.outcome, len(page.documents)) == ("complete", 3)
    assert (len(await desk.stored()), asked(desk, TOKEN)) == (7, 1)


async def test_an_answer_at_the_cap_loses_no_row(desk: SchwabDesk) -> None:
    desk.spec = replace(
        SPEC, history=(replace(SPEC.history[0], walk=transactions(surely_whole=20)),)
    )
    desk.world.row_cap = 20
    desk.buy(desk.first, 100, START - MINUTE)
    report = await desk.sync(await desk.connect())
    assert (report.outcome, len(await desk.stored())) == ("complete", 100)


async def test_parts_of_one_order_are_executions_of_their_own(
    desk: SchwabDesk, connection: Connection
) -> None:
    for qty, price in ((60, "178.21"), (40, "178.22")):
        desk.world.fill(
            desk.first, "AAPL", "buy", Decimal(qty), price=Decimal(price), at=START, order_id=7
        )
    await desk.sync(connection)
    fills = [row.row for row in desk.rows() if isinstance(row.row, Execution)]
    spent = sum(fill.quantity * fill.price for fill in fills)
    assert {fill.order_id for fill in fills} == {"7"}
    assert (len(fills), spent / 100) == (2, Decimal("178.214"))


class TestLogin:
    async def test_a_401_at_the_second_of_three_accounts_renews_once_and_doubles_nothing(
        self, desk: SchwabDesk, connection: Connection
    ) -> None:
        for account in (desk.first, second := desk.add("48217736"), desk.add("73001904")):
            desk.buy(account, 2, START - MINUTE)
        desk.world.faults.plan(
            faults.status(401), path=f"/trader/v1/accounts/{second.hash_value}/transactions"
        )
        report = await desk.sync(connection)
        assert (report.outcome, asked(desk, TOKEN)) == ("complete", 2)
        assert [one.rows for one in report.accounts] == [2, 2, 2]
        assert len(await desk.stored()) == 6

    async def test_a_new_refresh_token_is_kept_and_the_seven_days_go_on(
        self, desk: SchwabDesk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        now = await desk.connections.get(USER, connection.connection_id)
        kept = await desk.vault.open(connection.connection_id, now.sealed)
        assert kept["refresh_token"] == desk.consent.refresh_token
        assert kept["refresh_token"] != desk.credentials["refresh_token"]
        assert now.login_at == connection.login_at

    async def test_the_user_is_told_a_day_before_the_login_ends(
        self, desk: SchwabDesk, connection: Connection
    ) -> None:
        quiet = await desk.sync(connection)
        desk.clock.advance(timedelta(days=6, minutes=1))
        warned = await desk.sync(connection)
        assert quiet.notice == ""
        assert "sign in again before 2026-03-23 14:00 UTC" in warned.notice

    async def test_after_seven_days_the_user_must_log_in_and_the_journal_stays(
        self, desk: SchwabDesk, connection: Connection
    ) -> None:
        desk.buy(desk.first, 2, START - MINUTE)
        await desk.sync(connection)
        before = await desk.stored()
        desk.clock.advance(timedelta(days=7))
        for _ in range(3):
            await desk.sync(connection)
        assert await desk.health(connection) == "needs_reauth"
        assert (asked(desk, TOKEN), await desk.log()) == (2, before)

    async def test_a_login_elsewhere_ends_ours(
        self, desk: SchwabDesk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        desk.world.log_in(desk.world.add_app("app-key", "app-secret"))
        desk.clock.advance(timedelta(minutes=15))
        assert (await desk.sync(connection)).outcome == "needs_reauth"


async def test_an_error_inside_a_success_is_no_empty_history(
    desk: SchwabDesk, connection: Connection
) -> None:
    body = loads_exact(b'{"errors": [{"id": "x", "status": "404", "title": "Not Found"}]}')
    desk.world.faults.plan(faults.body(body), path=PATH)
    report = await desk.sync(connection)
    assert (report.outcome, "404" in report.reason) == ("failed", True)


def without_items(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "transferItems"}


def with_item(row: dict[str, Any], **fields: Any) -> dict[str, Any]:
    *fees, traded = row["transferItems"]
    return {**row, "transferItems": [*fees, {**traded, **fields}]}


SPOILED = {
    "no items": without_items,
    "a price that is none": lambda row: with_item(row, price="abc"),
    "an unknown asset": lambda row: with_item(row, instrument={"assetType": "X", "symbol": "X"}),
    "a wrong net amount": lambda row: {**row, "netAmount": 1},
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
async def test_a_spoiled_row_is_quarantined_and_its_day_says_so(
    desk: SchwabDesk, connection: Connection, spoil: Any
) -> None:
    friday = datetime(2026, 3, 13, 15, 0, tzinfo=UTC)
    desk.buy(desk.first, 3, friday)
    change = faults.rows(lambda rows: [spoil(rows[0]), *rows[1:]] if rows else rows)
    desk.world.faults.plan(change, path=PATH, times=99)
    report = await desk.sync(connection)
    assert (report.rows, report.unread, len(await desk.stored())) == (2, 1, 2)
    account = (await desk.one("accounts")).key.id
    days = (await desk.one("coverage", order_by="year", account_key=account)).body["days"]
    assert (days["2026-03-13"]["state"], days["2026-03-13"]["quarantined"]) == ("complete", 1)
    assert await desk.cursor_us() == int(START.timestamp() * 1_000_000)
