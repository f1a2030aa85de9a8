from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from shared.domain.execution import AccountEvent, Execution
from shared.domain.journal.book import Book, build_book
from shared.domain.sync.connection import Connection
from tests.brokers.desk import ACCOUNT, START, Desk
from tests.contract.broker import ContinuingContract, TokenContract

PATH = "/v2/account/activities"


def open_desk() -> Desk:
    desk = Desk()
    desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    return desk


def book(
    desk: Desk, count: int, last: datetime | None = None, every: timedelta = timedelta(minutes=1)
) -> None:
    account = desk.world._accounts[ACCOUNT]
    newest = last or desk.clock.now() - timedelta(minutes=30)
    for i in range(count):
        at = newest - every * (count - 1 - i)
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal("300.01"), at=at)


class TestAlpaca(ContinuingContract, TokenContract):
    history_path = PATH
    page_size = 100
    long = (400, timedelta(minutes=1))

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
        return desk.world.positions(desk.world._accounts[ACCOUNT])


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


async def test_three_credentials_give_three_accounts_and_equal_ids_stay_apart(desk: Desk) -> None:
    for number, environment in (("2", "paper"), ("3", "live")):
        desk.world.add_account(
            account_id=f"account-{number}",
            number=f"PA{number}",
            key=f"PK{number}",
            secret=f"s{number}",
            environment=environment,
        )
    for account in desk.world._accounts.values():
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=START)
    shared_id = next(iter(desk.world._accounts.values())).book[0].body["id"]
    for account in desk.world._accounts.values():
        account.book[0].body["id"] = shared_id
    for number, environment in (("1", "paper"), ("2", "paper"), ("3", "live")):
        keys = {"key_id": f"PK{number}", "secret_key": f"s{number}"}
        await desk.sync(await desk.connect(environment, **keys))
    assert len({page.account_id for page in desk.pages()}) == 3
    assert len({row.key for row in desk.rows()}) == 3


@pytest.mark.parametrize("count", [200, 250])
async def test_paging_needs_three_requests(desk: Desk, connection: Connection, count: int) -> None:
    book(desk, count)
    await desk.sync(connection)
    start = (START - timedelta(days=90, seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = [call for call in desk.world.calls if call.query.get("after") == start]
    assert len(asked) == 3


async def test_fills_that_paging_skipped_are_read_again_by_their_order(
    desk: Desk, connection: Connection
) -> None:
    desk.world.skips_same_ms = True
    book(desk, 99, START - timedelta(hours=2))
    at = START - timedelta(hours=1)
    parts = [(Decimal(60), Decimal("178.21"), at), (Decimal(40), Decimal("178.22"), at)]
    desk.world.order(desk.world._accounts[ACCOUNT], "AAPL", "buy", parts)
    book(desk, 5)
    await desk.sync(connection)
    filled = [r.row.quantity for r in desk.rows() if r.row.symbol == "AAPL" and r.row.quantity]
    assert sum(filled) == 100
    assert any(call.query.get("order_id") for call in desk.world.calls)


async def test_fills_that_stay_missing_are_told_not_forgotten(
    desk: Desk, connection: Connection
) -> None:
    account = desk.world._accounts[ACCOUNT]
    desk.world.fill(
        account,
        "AAPL",
        "buy",
        Decimal(40),
        price=Decimal(178),
        at=START - timedelta(hours=1),
        order_id="o-1",
        cumulative=Decimal(100),
    )
    await desk.sync(connection)
    assert [row.reason for row in desk.unread()] == ["order o-1: 40 of 100 are in the history"]


async def test_rows_in_any_order_give_the_same_log() -> None:
    logs = []
    for turn in (list, lambda rows: rows[::-1]):
        desk = open_desk()
        book(desk, 50)
        desk.world.faults.plan(faults.rows(turn), path=PATH, times=99)
        await desk.sync(await desk.connect())
        await desk.store_all()
        logs.append(await desk.log())
    assert logs[0] == logs[1]


async def test_parts_of_one_order_are_executions_of_their_own(
    desk: Desk, connection: Connection
) -> None:
    at = START - timedelta(hours=1)
    parts = [(Decimal(60), Decimal("178.21"), at), (Decimal(40), Decimal("178.22"), at)]
    desk.world.order(desk.world._accounts[ACCOUNT], "AAPL", "buy", parts)
    await desk.sync(connection)
    fills = [row.row for row in desk.rows() if isinstance(row.row, Execution)]
    spent = sum(fill.quantity * fill.price for fill in fills)
    assert (len(fills), spent / sum(fill.quantity for fill in fills)) == (2, Decimal("178.214"))


async def test_a_fee_of_yesterday_belongs_to_its_trading_day_and_is_stored_once(
    desk: Desk, connection: Connection
) -> None:
    day = datetime(2026, 3, 13, tzinfo=UTC).date()
    account = desk.world._accounts[ACCOUNT]
    desk.clock.advance(timedelta(hours=1))
    desk.world.fee(
        account, on=day, subtype="REG", amount=Decimal("0.04"), created_at=desk.clock.now()
    )
    for _ in range(2):
        await desk.sync(connection)
        await desk.store_all()
        desk.clock.advance(timedelta(minutes=15))
    (fee,) = {row.row for row in desk.rows()}
    assert isinstance(fee, AccountEvent)
    assert (fee.effective_on, fee.amount, len(await desk.log())) == (day, Decimal("-0.04"), 1)


async def booked(desk: Desk, connection: Connection, root: str) -> Book:
    await desk.sync(connection)
    rows = [(row.key, row.row) for row in desk.rows() if row.row.root == root]
    return build_book(root, rows)


async def test_an_assignment_closes_the_option_and_books_the_shares(
    desk: Desk, connection: Connection
) -> None:
    account, option = desk.world._accounts[ACCOUNT], "AAPL260313C00180000"
    bought, day = START - timedelta(days=5), (START - timedelta(days=3)).date()
    desk.world.fill(account, option, "sell", Decimal(2), price=Decimal(3), at=bought)
    desk.world.fill(account, "AAPL", "buy", Decimal(200), price=Decimal(170), at=bought)
    moved = {"on": day, "created_at": START - timedelta(days=2)}
    desk.world.row(account, "OPASN", symbol=option, qty="2", **moved)
    desk.world.row(account, "OPTRD", symbol="AAPL", qty="-200", price="180", **moved)
    book = await booked(desk, connection, "AAPL")
    assert (book.positions, book.unapplied) == ((), 0)
    assert {trip.symbol: trip.gross for trip in book.trips} == {option: 600, "AAPL": 2000}


async def test_an_expiry_closes_the_option_at_nothing(desk: Desk, connection: Connection) -> None:
    account, option = desk.world._accounts[ACCOUNT], "SPY260313P00400000"
    at = START - timedelta(days=5)
    desk.world.fill(account, option, "buy", Decimal(1), price=Decimal("1.5"), at=at)
    day = (START - timedelta(days=3)).date()
    desk.world.row(account, "OPEXP", symbol=option, qty="-1", on=day, created_at=START)
    desk.clock.advance(timedelta(minutes=1))
    book = await booked(desk, connection, "SPY")
    assert ([trip.gross for trip in book.trips], book.positions) == ([-150], ())
    assert {figures.day: figures.gross for figures in book.days}[day] == -150


async def test_a_fee_in_coins_makes_the_position_smaller_and_costs(
    desk: Desk, connection: Connection
) -> None:
    account, at = desk.world._accounts[ACCOUNT], START - timedelta(days=2)
    desk.world.fill(account, "ETH/USD", "buy", Decimal(1), price=Decimal(2000), at=at)
    fee = {"symbol": "ETHUSD", "qty": "-0.0025", "price": "2000"}
    desk.world.row(account, "CFEE", on=at.date(), created_at=at + timedelta(hours=8), **fee)
    book = await booked(desk, connection, "ETH/USD")
    assert [position.quantity for position in book.positions] == [Decimal("0.9975")]
    assert sum(day.day_fees for day in book.days) == 5


async def test_a_rate_limit_is_waited_for_until_its_reset(
    desk: Desk, connection: Connection
) -> None:
    reset = {"X-RateLimit-Reset": str(int(START.timestamp()) + 2)}
    desk.world.faults.plan(faults.status(429, reset), path=PATH)
    report = await desk.sync(connection)
    assert report.outcome == "complete"
    assert 2 <= sum(desk.clock.slept) <= 2.5


async def test_a_spoiled_fill_is_quarantined_exactly_and_the_cursor_moves_on(
    desk: Desk, connection: Connection
) -> None:
    book(desk, 3)
    before = await desk.sync(connection)
    desk.clock.advance(timedelta(minutes=15))
    desk.world.faults.plan(faults.spoiled(1, "qty", "abc"), path=PATH, times=99)
    moved_from = await desk.cursor_us()
    report = await desk.sync(connection)
    assert (before.rows, report.rows, report.unread) == (3, 2, 1)
    assert '"qty": "abc"' in desk.unread()[0].raw
    assert (await desk.cursor_us() or 0) > (moved_from or 0)


async def test_the_day_of_a_quarantined_row_says_so(desk: Desk, connection: Connection) -> None:
    friday = datetime(2026, 3, 13, 15, 0, tzinfo=UTC)
    book(desk, 2, friday)
    desk.world.faults.plan(faults.spoiled(0, "qty", "abc"), path=PATH, times=99)
    await desk.sync(connection)
    await desk.store_all()
    account = (await desk.one("accounts")).key.id
    days = (await desk.one("coverage", order_by="year", account_key=account)).body["days"]
    assert (days["2026-03-13"]["state"], days["2026-03-13"]["quarantined"]) == ("complete", 1)
    assert days["2026-03-12"]["quarantined"] == 0
    assert "2026-03-16" not in days  # today is not over


async def test_a_cancelled_fee_follows_its_booking(desk: Desk, connection: Connection) -> None:
    account, day = desk.world._accounts[ACCOUNT], START.date()
    first = desk.world.fee(account, on=day, subtype="REG", amount=Decimal("0.04"), created_at=START)
    desk.world.row(
        account, "FEE", on=day, created_at=START + timedelta(seconds=1), status="canceled", id=first
    )
    desk.clock.advance(timedelta(minutes=1))
    await desk.sync(connection)
    assert [row.row.status for row in desk.rows()] == ["booked", "busted"]
    assert len({row.key for row in desk.rows()}) == 1


async def test_an_oauth_login_shows_its_token(desk: Desk) -> None:
    desk.world.add_account(account_id="oauth", number="PA9", oauth_token="t-9")
    connection = await desk.connections.create(
        "user-1", desk.spec, "paper", "oauth", "oauth", {"access_token": "t-9"}
    )
    assert (await desk.sync(connection)).outcome == "complete"


async def test_a_fractional_quantity_keeps_every_digit(desk: Desk, connection: Connection) -> None:
    account = desk.world._accounts[ACCOUNT]
    quantity = Decimal("0.389620514")
    desk.world.fill(account, "SPY", "buy", quantity, price=Decimal("300.1"), at=START)
    await desk.sync(connection)
    assert desk.rows()[0].row.quantity == quantity
