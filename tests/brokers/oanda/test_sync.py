"""OANDA against the broker suite, and its fact sheet's cases that need a whole sync.

Cases that end at the walk (pages, ids, windows, reversals, the balance) are in
test_oanda_reading.py.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.oanda.account import Account
from infra.simulators.brokers.oanda.world import OandaWorld
from shared.brokers.oanda.spec import SPEC
from shared.domain.execution import Execution
from shared.domain.sync.connection import Connection
from tests.brokers.desk import START, USER, Desk
from tests.contract.broker import (
    MINUTE,
    ContinuingContract,
    PagedContract,
    SeveralAccountsContract,
)

ID = "101-004-9990417-001"
PATH = f"/v3/accounts/{ID}/transactions"


def open_desk() -> Desk:
    desk = Desk(
        spec=SPEC,
        make_world=OandaWorld,
        environment="practice",
        credentials={"token": "t1"},
    )
    add_account(desk, ID)
    return desk


def add_account(desk: Desk, account_id: str, **more: Any) -> Account:
    opened = START - timedelta(days=400)
    more = {"token": "t1", "opened_at": opened, **more}
    return desk.world.add_account(account_id=account_id, **more)


def account(desk: Desk, account_id: str = ID) -> Account:
    return desk.world._accounts[account_id]


def book(
    desk: Desk,
    count: int,
    last: datetime | None = None,
    every: timedelta = MINUTE,
    account_id: str = ID,
) -> None:
    newest = last or desk.clock.now() - timedelta(minutes=30)
    for i in range(count):
        at = newest - every * (count - 1 - i)
        price = Decimal("1.08541")
        desk.world.fill(account(desk, account_id), "EUR_USD", Decimal(1), price=price, at=at)


class TestOanda(ContinuingContract, PagedContract, SeveralAccountsContract):
    history_path = PATH
    rows_at = "transactions"
    page_size = 50  # a page spans 100 ids, and each fill has its order before it
    first_page = 1  # the list of pages
    long = (400, MINUTE)

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk()

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        book(desk, count, last, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        return desk.world.positions(account(desk))

    def spoil(self, rows: list[Any]) -> list[Any]:
        fills = [place for place, row in enumerate(rows) if row["type"] == "ORDER_FILL"]
        return ["spoiled" if place in fills[:1] else row for place, row in enumerate(rows)]

    def another(self, desk: Desk) -> str:
        account_id = f"101-004-9990417-{len(desk.world._accounts) + 1:03d}"
        return add_account(desk, account_id).account_id

    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        book(desk, count, account_id=account_id)

    def refuse(self, desk: Desk, account_id: str) -> None:
        account(desk, account_id).forbidden = True

    def hide(self, desk: Desk, account_id: str) -> None:
        desk.world.close(account(desk, account_id))


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


def paths(desk: Desk) -> Iterator[str]:
    return (call.path.removeprefix(f"/v3/accounts/{ID}/") for call in desk.world.calls)


async def test_equal_ids_of_two_accounts_are_two_executions_and_mt4_is_reported(
    desk: Desk, connection: Connection
) -> None:
    add_account(desk, "101-004-9990417-002")
    add_account(desk, "101-004-9990417-003", mt4_id=80001234, forbidden=True)
    for number in ("001", "002"):
        book(desk, 1, account_id=f"101-004-9990417-{number}")
    report = await desk.sync(connection)
    await desk.store_all()
    assert {row.row.execution_id for row in desk.rows()} == {"2"}
    assert len(await desk.log()) == 2
    refused = [one.account_id for one in report.accounts if one.outcome == "failed"]
    assert refused == ["101-004-9990417-003"]
    health = (await desk.connections.get(USER, connection.connection_id)).health
    assert (health.state, "not open to the API" in health.reason) == ("active", True)


async def test_practice_and_live_are_apart(desk: Desk, connection: Connection) -> None:
    add_account(desk, "001-004-9990417-001", token="t-live", environment="live")
    book(desk, 1)
    book(desk, 1, account_id="001-004-9990417-001")
    await desk.sync(connection)
    await desk.sync(await desk.connect("live", token="t-live"))
    assert [(p.environment, p.account_id[:3]) for p in desk.pages()] == [
        ("practice", "101"),
        ("live", "001"),
    ]


async def test_a_practice_token_at_the_live_host_needs_another_token(desk: Desk) -> None:
    assert (await desk.sync(await desk.connect("live"))).outcome == "needs_reauth"


async def test_a_second_sync_asks_for_newer_ids_only(desk: Desk, connection: Connection) -> None:
    book(desk, 3)
    await desk.sync(connection)
    desk.world.calls.clear()
    desk.clock.advance(timedelta(minutes=15))
    await desk.sync(connection)
    asked = [call.query for call in desk.world.calls if "transactions" in call.path]
    assert asked == [{"id": "6"}, {"id": "6"}]  # the second confirms the positions


async def test_a_new_token_resumes_at_the_last_whole_page_with_no_gap(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 100)
    desk.world.faults.plan(faults.status(401), path=f"{PATH}/idrange", skip=1)
    assert (await desk.sync(connection)).outcome == "needs_reauth"
    cursor_then = await desk.cursor_us()
    desk.world.renew("t1", "t2")
    await desk.sync(await desk.connect(token="t2"))
    await desk.store_all()
    assert (cursor_then, len(await desk.log())) == (None, 100)


async def test_a_spoiled_fill_is_quarantined_on_its_day_and_the_cursor_moves_on(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 3, START - timedelta(days=3))
    del account(desk).book[1].body["units"]
    report = await desk.sync(connection)
    await desk.store_all()
    key = (await desk.one("accounts")).key.id
    days = (await desk.one("coverage", order_by="year", account_key=key)).body["days"]
    assert (report.rows, report.unread, days["2026-03-13"]["quarantined"]) == (2, 1, 1)
    assert await desk.cursor_us() is not None


async def test_links_to_another_host_are_never_followed(desk: Desk, connection: Connection) -> None:
    book(desk, 3)

    def elsewhere(links: list[str]) -> list[str]:
        return [link.replace("api-fxpractice.oanda.com", "elsewhere.example") for link in links]

    desk.world.faults.plan(faults.rows(elsewhere, at="pages"), path=PATH, times=99)
    assert (await desk.sync(connection)).rows == 3
    assert {call.host for call in desk.world.calls} == {"api-fxpractice.oanda.com"}


async def test_a_page_that_comes_again_ends_the_run(desk: Desk, connection: Connection) -> None:
    book(desk, 150)
    seen: list[Any] = []
    remember = faults.rows(lambda rows: seen.extend(rows) or rows, at="transactions")
    repeat = faults.rows(lambda _: seen[:100], at="transactions")
    desk.world.faults.plan(remember, path=f"{PATH}/idrange")
    desk.world.faults.plan(repeat, path=f"{PATH}/idrange", skip=1, times=99)
    report = await desk.sync(connection)
    assert (report.outcome, len(desk.rows())) == ("failed", 50)


async def test_times_are_asked_for_as_text_in_every_request(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    asked = {call.headers.get("accept-datetime-format") for call in desk.world.calls}
    assert asked == {"RFC3339"}


async def test_orders_are_counted_and_left_out(desk: Desk, connection: Connection) -> None:
    book(desk, 3)
    report = await desk.sync(connection)
    assert (report.rows, report.accounts[0].ignored) == (3, 3)


async def test_the_profit_of_a_reversal_is_in_the_log(desk: Desk, connection: Connection) -> None:
    for hours, units, price in ((2, 10000, "1.08541"), (1, -15000, "1.08700")):
        at = START - timedelta(hours=hours)
        desk.world.fill(account(desk), "EUR_USD", Decimal(units), price=Decimal(price), at=at)
    await desk.sync(connection)
    rows = [row.row for row in desk.rows()]
    (settled,) = [row for row in rows if not isinstance(row, Execution)]
    assert (settled.subtype, settled.amount, len(rows)) == ("realized_pl", Decimal("15.9"), 3)
