"""What is known of sessions that nobody watched, and what is told of those that nobody can know."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.tradovate.spec import SPEC
from shared.domain.execution import EventType
from shared.domain.ids import AccountKey
from shared.domain.sync.connection import Connection
from shared.journal.upkeep.resync import Resync
from tests.brokers.desk import USER
from tests.brokers.tradovate.setup import FILLS, LEDGER, TradovateDesk, open_desk

DAY = timedelta(days=1)
EVENING = datetime(2026, 3, 16, 20, 50, tzinfo=UTC)  # ten minutes before a session ends
TUESDAY = "2026-03-17"


@pytest.fixture
def desk() -> TradovateDesk:
    return open_desk()


@pytest.fixture
async def connection(desk: TradovateDesk) -> Connection:
    return await desk.connect()


def travel(desk: TradovateDesk, until: datetime) -> None:
    desk.clock.advance(until - desk.clock.now())


def gaps(days: Mapping[str, Any]) -> list[str]:
    return [name for name, day in days.items() if day["state"] == "gap"]


async def visit(desk: TradovateDesk, connection: Connection, at: datetime) -> None:
    travel(desk, at)
    report = await desk.sync(connection)
    assert report.outcome == "complete"
    await desk.store_all()


async def test_a_ledger_from_the_first_money_on_makes_ninety_days_complete(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 40, every=timedelta(days=2))
    await visit(desk, connection, desk.clock.now())
    days = await desk.days()
    assert (len(await desk.stored()), gaps(days)) == (40, [])
    assert days["2026-03-15"]["state"] == "complete"


async def test_what_lies_before_a_short_ledger_is_a_gap_that_says_what_helps(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 40, every=timedelta(days=2))
    desk.world.ledger_from = desk.clock.now() - 30 * DAY
    await visit(desk, connection, desk.clock.now())
    days = await desk.days()
    assert max(gaps(days)) == "2026-02-16"  # the first line that is left is of that day
    assert days["2026-02-16"]["lost"] == (
        "Tradovate tells the current session only, and the ledger of this account begins on "
        "2026-02-16: upload Tradovate's Fills report for these days"
    )


async def test_a_ledger_with_a_hole_is_trusted_from_the_hole_on(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 40, every=timedelta(days=2))
    hole = faults.rows(lambda lines: lines[:100] + lines[101:])
    desk.world.faults.plan(hole, path=LEDGER, times=9)
    await visit(desk, connection, desk.clock.now())
    assert max(gaps(await desk.days())) == "2026-02-16"


async def test_minutes_that_nobody_watched_are_known_through_the_ledger(
    desk: TradovateDesk, connection: Connection
) -> None:
    await visit(desk, connection, EVENING)
    missed = desk.trade("buy", at=EVENING + timedelta(minutes=5))
    await visit(desk, connection, EVENING + timedelta(minutes=20))
    assert desk.fill(missed).quantity == 1
    for hours in range(1, 6):
        await visit(desk, connection, EVENING + timedelta(hours=12 * hours))
    days = await desk.days()
    assert (days["2026-03-16"]["state"], gaps(days)) == ("complete", [])


async def test_without_fees_closed_positions_are_known_by_their_pairs(
    desk: TradovateDesk, connection: Connection
) -> None:
    await visit(desk, connection, EVENING)
    for minute, side in enumerate(("buy", "sell")):
        desk.trade(side, at=EVENING + timedelta(minutes=minute + 1), fees=False)
    await visit(desk, connection, EVENING + DAY)
    await visit(desk, connection, EVENING + 2 * DAY)
    assert (len(desk.fills()), gaps(await desk.days())) == (2, [])


async def test_without_fees_a_position_held_over_the_end_leaves_a_gap_until_it_is_closed(
    desk: TradovateDesk, connection: Connection
) -> None:
    await visit(desk, connection, EVENING)
    desk.trade("buy", at=EVENING + timedelta(minutes=5), fees=False)
    await visit(desk, connection, EVENING + timedelta(minutes=20))
    await visit(desk, connection, EVENING + timedelta(hours=12))
    days = await desk.days()
    assert gaps(days) == ["2026-03-16"]
    assert "a position that stays open" in days["2026-03-16"]["lost"]
    desk.trade("sell", fees=False)
    await visit(desk, connection, EVENING + timedelta(hours=13))
    assert len(desk.fills()) == 2
    await visit(desk, connection, EVENING + timedelta(hours=25))
    await visit(desk, connection, EVENING + timedelta(hours=37))
    assert gaps(await desk.days()) == []


async def test_sessions_that_nobody_watched_and_no_ledger_tells_are_gaps(
    desk: TradovateDesk, connection: Connection
) -> None:
    await visit(desk, connection, EVENING)
    desk.world.ledger_from = EVENING + 3 * DAY
    desk.trade("buy", at=EVENING + DAY)
    await visit(desk, connection, EVENING + 4 * DAY)
    assert set(gaps(await desk.days())) >= {TUESDAY, "2026-03-18"}


async def test_a_visit_to_the_past_takes_no_session_of_today_for_it(
    desk: TradovateDesk, connection: Connection
) -> None:
    saturday = date(2026, 3, 21)  # lies in one session, which is Monday's
    await visit(desk, connection, EVENING)
    desk.world.ledger_from = EVENING + 8 * DAY
    desk.clock.advance(9 * DAY)
    resync = Resync(desk.documents, lambda _: desk.syncing())
    account = AccountKey((await desk.one("accounts")).key.id)
    await resync.resync(USER, account, saturday, saturday)
    await desk.store_all()
    assert saturday.isoformat() in gaps(await desk.days())


async def test_what_moved_cash_beside_trades_is_told_once(
    desk: TradovateDesk, connection: Connection
) -> None:
    account, now = desk.account(), desk.clock.now()
    desk.world.deposit(account, Decimal(1500), now - timedelta(hours=2))
    for kind, amount in (("MarketDataSubscription", -39), ("NewSession", 0)):
        desk.world.books.write(account, kind, Decimal(amount), now - timedelta(hours=1))
    for _ in range(3):
        await visit(desk, connection, desk.clock.now() + timedelta(hours=8))
    told = {(one.type, one.subtype, one.amount) for one in desk.events()}
    assert told == {
        (EventType.CASH, "FundTransaction", Decimal(1500)),
        (EventType.FEE, "MarketDataSubscription", Decimal(-39)),
    }
    assert len(await desk.stored()) == 2


async def test_lines_of_the_ledger_that_are_not_understood_are_kept(
    desk: TradovateDesk, connection: Connection
) -> None:
    for kind in ("CashSettlement", "NewSession", "Whatever"):
        desk.world.books.write(desk.account(), kind, Decimal(5), desk.clock.now())
    await desk.sync(connection)
    reasons = {row.reason for row in desk.unread()}
    assert reasons == {
        f"cashChangeType: '{kind}' is none whose meaning is known"
        for kind in ("CashSettlement", "NewSession", "Whatever")
    }


async def test_lines_are_left_out_on_purpose_by_name(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.trade("buy")
    desk.trade("sell")
    await desk.sync(connection)
    account = (await desk.one("accounts")).key.id
    run = await desk.one("runs", order_by="run", account_key=account)
    assert run.body["ignored"] == {
        "ledger: ClearingFee": 2,
        "ledger: Commission": 2,
        "ledger: ExchangeFee": 2,
        "ledger: NfaFee": 2,
        "ledger: TradePaired": 1,
    }


async def test_a_fill_between_fills_and_positions_has_both_asked_again(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.trade("buy")

    def meanwhile(call: Call) -> Answer:
        if call.path == "/v1/position/list" and len(desk.world.books.trades) == 1:
            desk.trade("buy", at=desk.clock.now())
        return desk.world.handle(call)

    desk.handle = meanwhile
    await desk.sync(connection)
    account = (await desk.one("accounts")).key.id
    logged = await desk.one("position_reports", order_by="at_us", account_key=account)
    assert [one["quantity"] for one in logged.body["positions"]] == ["2"]
    assert (len(desk.fills()), desk.asked(FILLS)) == (2, 2)


async def test_a_ledger_of_many_days_goes_on_in_the_next_message(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 300, every=timedelta(hours=6))
    desk.budget_s = 30.0
    slow = faults.rows(lambda rows: desk.clock.advance(12) or rows)
    desk.world.faults.plan(slow, path="/v1/fill/items", times=99)
    report = await desk.sync(connection)
    messages = 1
    while desk.bus.take("sync-tradovate"):
        report, messages = await desk.sync(connection, reason="continue"), messages + 1
    assert (report.outcome, len(await desk.stored())) == ("complete", 300)
    assert messages > 1


def test_every_session_is_visited_often_before_it_is_forgotten() -> None:
    asked = SPEC.schedule
    assert max(asked.period, asked.quiet) <= timedelta(hours=1)


def test_the_user_is_told_what_a_short_memory_means() -> None:
    told = " ".join(SPEC.notices)
    assert "current session only" in told
    assert "upload the Fills report" in told
