from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.topstepx.account import Account
from infra.simulators.brokers.topstepx.world import TopstepXWorld
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.topstepx.spec import SPEC
from shared.domain.execution import RowStatus
from shared.domain.sync.connection import Connection
from tests.brokers.desk import START, Desk
from tests.contract.broker import (
    MINUTE,
    ContinuingContract,
    RenewingContract,
    SeveralAccountsContract,
)

TRADES, LOGIN = "/api/Trade/search", "/api/Auth/loginKey"
MNQ = "CON.F.US.MNQ.M26"
FIRST = 101


class TopstepXDesk(Desk):
    """A desk whose user has an API key and one account at first."""

    world: TopstepXWorld

    def account(self, account_id: int | str = FIRST) -> Account:
        return self.world._accounts[int(account_id)]

    def add(self, account_id: int, **settings: Any) -> Account:
        return self.world.add_account("trader", account_id=account_id, name="50K", **settings)

    def buy(
        self, account: Account, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> list[int]:
        newest = last or self.clock.now() - MINUTE
        return [
            self.world.fill(
                account,
                MNQ,
                "buy",
                1,
                price=Decimal("25336.25"),
                at=newest - every * (count - 1 - i),
            )
            for i in range(count)
        ]


def open_desk() -> TopstepXDesk:
    desk = TopstepXDesk(
        spec=SPEC,
        make_world=TopstepXWorld,
        environment="live",
        credentials={"user_name": "trader", "api_key": "key-1"},
    )
    desk.world.add_login("trader", "key-1")
    desk.add(FIRST)
    return desk


class TestTopstepX(ContinuingContract, SeveralAccountsContract, RenewingContract):
    history_path = TRADES
    rows_at = "trades"
    long = (40, timedelta(days=2))  # 80 days are twelve weeks, each a question of its own
    login_path = LOGIN
    life = timedelta(hours=24)

    @pytest.fixture
    async def desk(self) -> Desk:
        return open_desk()

    def book(
        self, desk: Desk, count: int, last: datetime | None = None, every: timedelta = MINUTE
    ) -> None:
        desk.buy(desk.account(), count, last or desk.clock.now() - 30 * MINUTE, every)

    def held(self, desk: Desk) -> dict[str, Decimal]:
        return desk.world.positions(desk.account())

    def another(self, desk: Desk) -> str:
        return str(desk.add(FIRST + len(desk.world._accounts)).account_id)

    def book_in(self, desk: Desk, account_id: str, count: int) -> None:
        desk.buy(desk.account(account_id), count)

    def refuse(self, desk: Desk, account_id: str) -> None:
        desk.account(account_id).unknown = True

    def hide(self, desk: Desk, account_id: str) -> None:
        desk.world.remove(desk.account(account_id))


@pytest.fixture
def desk() -> TopstepXDesk:
    return open_desk()


@pytest.fixture
async def connection(desk: TopstepXDesk) -> Connection:
    return await desk.connect()


def logins(desk: TopstepXDesk) -> int:
    return sum(call.path == LOGIN for call in desk.world.calls)


@pytest.mark.parametrize("exclusive", [False, True])
async def test_fills_at_both_ends_of_the_window_are_stored_once(
    desk: TopstepXDesk, connection: Connection, exclusive: bool
) -> None:
    desk.world.exclusive_ends = exclusive
    for at in (START - SPEC.first_window, START - timedelta(days=83), START):
        desk.buy(desk.account(), 1, at)
    report = await desk.sync(connection)
    assert (report.rows, len(await desk.stored())) == (3, 3)


async def test_a_blown_account_is_read_too_and_a_closed_one_is_told(
    desk: TopstepXDesk, connection: Connection
) -> None:
    accounts = [desk.account(), desk.add(102), desk.add(103, active=False), desk.add(104)]
    for account in accounts:
        desk.buy(account, 2)
    await desk.sync(connection)
    assert len(await desk.stored()) == 8
    accounts[3].unknown = True
    desk.clock.advance(15 * MINUTE)
    for account in accounts:
        desk.buy(account, 1)
    report = await desk.sync(connection)
    ends = {one.account_id: one.outcome.value for one in report.accounts}
    assert ends == {"101": "complete", "102": "complete", "103": "complete", "104": "failed"}
    assert "does not know this account" in report.reason
    assert len(await desk.stored()) == 11  # the old trades of the closed one among them


async def test_random_order_and_the_same_window_twice_change_nothing(
    desk: TopstepXDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 30)
    await desk.sync(connection)
    before = await desk.stored()
    desk.world.shuffled = True
    for _ in range(2):
        await desk.sync(connection)
    assert await desk.stored() == before


async def test_twins_of_one_order_stay_two_over_overlapping_windows(
    desk: TopstepXDesk, connection: Connection
) -> None:
    for _ in range(2):
        at, price = START - MINUTE, Decimal("25333.5")
        desk.world.fill(desk.account(), MNQ, "buy", 1, price=price, at=at, order_id=7)
    for _ in range(3):
        await desk.sync(connection)
        desk.clock.advance(15 * MINUTE)
    assert len(await desk.stored()) == 2


async def test_a_fill_that_is_voided_the_day_after_turns_busted(
    desk: TopstepXDesk, connection: Connection
) -> None:
    (wrong, _) = desk.buy(desk.account(), 2)
    await desk.sync(connection)
    before = await desk.stored()
    desk.clock.advance(timedelta(days=1))
    desk.world.void(desk.account(), wrong)
    await desk.sync(connection)
    after = await desk.stored()
    news = [row for row in desk.rows() if row.row.status is RowStatus.BUSTED]
    assert before.keys() == after.keys()
    assert [key for key in after if after[key] != before[key]] == [row.key for row in news]
    assert len(news) == 1


async def test_answers_that_are_silently_cut_lose_no_fill(
    desk: TopstepXDesk, connection: Connection
) -> None:
    desk.world.cap = 1000
    desk.buy(desk.account(), 1500, every=timedelta(seconds=20))
    report = await desk.sync(connection)
    assert (report.outcome, report.rows) == ("complete", 1500)


async def test_equal_trade_ids_of_two_accounts_stay_apart(
    desk: TopstepXDesk, connection: Connection
) -> None:
    for account in (desk.account(), desk.add(102)):
        desk.buy(account, 1)
        account.book[0].trade_id = 2_310_458_131
    await desk.sync(connection)
    assert len(await desk.stored()) == 2


async def test_sessions_that_end_between_two_accounts_are_begun_anew_once(
    desk: TopstepXDesk, connection: Connection
) -> None:
    for account in (desk.account(), desk.add(102)):
        desk.buy(account, 2)

    def end_sessions_before_the_second_account(call: Call) -> Answer:
        if call.path == TRADES and b"102" in call.body and logins(desk) == 1:
            desk.world.expire_tokens()
        return desk.world.handle(call)

    desk.handle = end_sessions_before_the_second_account
    report = await desk.sync(connection)
    assert (report.outcome, report.rows, logins(desk)) == ("complete", 4, 2)


@pytest.mark.parametrize(
    ("code", "words"), [(9, "API subscription"), (7, "agreements"), (10, "switched off")]
)
async def test_what_stands_in_the_way_of_a_login_is_told_after_one_try(
    desk: TopstepXDesk, connection: Connection, code: int, words: str
) -> None:
    desk.world.refuse("trader", code)
    report = await desk.sync(connection)
    assert (report.outcome, len(desk.world.calls)) == ("needs_reauth", 1)
    assert words in report.reason


async def test_many_accounts_never_meet_the_rate_limit(
    desk: TopstepXDesk, connection: Connection
) -> None:
    for account_id in range(102, 122):  # with thirteen weeks each
        desk.add(account_id)
    statuses: list[int] = []

    def watch(call: Call) -> Answer:
        answered = desk.world.handle(call)
        statuses.append(answered.status)
        return answered

    desk.handle = watch
    report = await desk.sync(connection)
    assert (report.outcome, len(report.accounts), set(statuses)) == ("complete", 21, {200})
    assert report.requests > 200
    assert report.waited_s > 0


async def test_a_rate_limit_that_others_used_up_is_waited_for(
    desk: TopstepXDesk, connection: Connection
) -> None:
    empty = Answer(429, b"", {})
    desk.world.faults.plan(lambda _, __: empty, path=TRADES, times=3)
    desk.buy(desk.account(), 3)
    report = await desk.sync(connection)
    assert (report.outcome, report.rows) == ("complete", 3)


@pytest.mark.parametrize("body", [{"success": True}, {"success": True, "trades": None}])
async def test_a_missing_list_of_trades_deletes_nothing_and_moves_nothing(
    desk: TopstepXDesk, connection: Connection, body: dict[str, Any]
) -> None:
    desk.buy(desk.account(), 3)
    await desk.sync(connection)
    before, cursor = await desk.stored(), await desk.cursor_us()
    desk.clock.advance(15 * MINUTE)
    desk.world.faults.plan(faults.body(body), path=TRADES, times=99)
    report = await desk.sync(connection)
    assert (report.outcome, await desk.cursor_us()) == ("failed", cursor)
    assert await desk.stored() == before


async def test_rows_that_cannot_be_read_are_told_and_the_rest_is_stored(
    desk: TopstepXDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 3)

    def spoil(rows: list[Any]) -> list[Any]:
        wrong = [{"side": 7}, {"size": 0}, {}]
        return [{**row, **change} for row, change in zip(rows, wrong, strict=False)]

    desk.world.faults.plan(faults.rows(spoil, at="trades"), path=TRADES, times=99)
    await desk.sync(connection)
    reasons = sorted(row.reason.split(":")[0] for row in desk.unread())
    assert (reasons, len(await desk.stored())) == (["side", "size"], 1)


async def test_the_balance_is_logged_with_the_positions(
    desk: TopstepXDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 2)
    await desk.sync(connection)
    account = (await desk.one("accounts")).key.id
    report = (await desk.one("position_reports", order_by="at_us", account_key=account)).body
    assert Decimal(report["cash"]) == Decimal("49998.76")  # two fills at 0.37 + 0.25
