"""The acceptance cases of Kraken's fact sheet, each by name."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.kraken.world import bad_edge, error
from infra.simulators.brokers.wire import Answer, Call
from shared.domain.execution import EventType, FeeOrigin, Side
from shared.domain.journal.book import build_book
from shared.domain.sync.connection import Connection
from shared.journal.integrity.duplicates import duplicate_faults, same_accounts
from tests.brokers.desk import START, USER
from tests.brokers.kraken.desk import (
    LEDGERS,
    SECRET,
    TRADES,
    KrakenDesk,
    changed,
    open_desk,
)
from tests.twins.manual_clock import ManualClock

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def desk() -> KrakenDesk:
    return open_desk()


@pytest.fixture
async def connection(desk: KrakenDesk) -> Connection:
    return await desk.connect()


async def stored(desk: KrakenDesk) -> int:
    await desk.store_all()
    return len(await desk.log())


async def reason(desk: KrakenDesk, connection: Connection) -> str:
    return (await desk.connections.get(USER, connection.connection_id)).health.reason


class TestPages:
    async def test_130_trades_are_three_pages_and_130_rows(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(130, START - HOUR)
        await desk.sync(connection)
        assert [one["ofs"] for one in desk.asked(TRADES)] == ["0", "100", "50", "0"]
        assert len(desk.executions()) == 130
        assert await stored(desk) == 130

    async def test_a_fill_between_two_pages_is_neither_lost_nor_doubled(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(130, START - HOUR)

        def trade(_: Call, answered: Answer) -> Answer:
            desk.clock.advance(10)
            desk.buy(1, desk.clock.now())
            return answered

        desk.world.faults.plan(trade, path=TRADES)
        await desk.sync(connection)
        assert len({one["end"] for one in desk.asked(TRADES)[:4]}) == 1
        desk.clock.advance(timedelta(minutes=15))
        await desk.sync(connection)
        assert await stored(desk) == 131

    async def test_a_late_fill_between_two_pages_starts_the_walk_over(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(60, START - HOUR)

        def late(_: Call, answered: Answer) -> Answer:
            desk.buy(1, START - DAY)
            return answered

        desk.world.faults.plan(late, path=TRADES)
        await desk.sync(connection)
        assert [one["ofs"] for one in desk.asked(TRADES)][:5] == ["0", "50", "0", "50", "0"]
        assert await stored(desk) == 61

    async def test_the_trades_at_both_ends_of_two_windows_are_there_once(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(1, START)  # at `end`, and then at the next `start`
        await desk.sync(connection)
        desk.clock.advance(desk.spec.overlap)
        await desk.sync(connection)
        assert await stored(desk) == 1
        assert len(desk.executions()) == 2  # seen by both windows

    async def test_two_fills_of_one_order_in_one_second_are_two_executions(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        for micros in (123_400, 123_500):
            desk.trade("buy", "1", "100", START - HOUR + timedelta(microseconds=micros))
        for trade in desk.account.trades:
            trade.body["ordertxid"] = "OQCLML-BW3P3-BUCMWZ"
        await desk.sync(connection)
        assert [fill.executed_at.microsecond for fill in desk.executions()] == [123_400, 123_500]
        assert len({fill.order_id for fill in desk.executions()}) == 1

    async def test_a_trade_of_several_fills_is_told_as_one_for_ever(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.trade("buy", "3", "100", START - HOUR, parts=3)
        await desk.sync(connection)
        assert {one["consolidate_taker"] for one in desk.asked(TRADES)} == {"true"}
        assert [fill.quantity for fill in desk.executions()] == [3]

    async def test_once_a_week_a_month_is_read_again(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        began = []
        for _ in range(9):
            desk.clock.advance(DAY)
            await desk.sync(connection)
            since = int(desk.asked(TRADES)[-1]["start"])
            began.append((int(desk.clock.now().timestamp()) - since) // 86_400)
        assert began == [4, 4, 4, 4, 4, 4, 30, 4, 4]

    async def test_rows_that_show_up_after_two_weeks_are_found(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        desk.clock.advance(14 * DAY)
        desk.buy(1, START - DAY)
        await desk.sync(connection)
        assert await stored(desk) == 1


class TestLimits:
    async def test_a_full_counter_is_waited_for_and_the_page_asked_again(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(130, START - HOUR)
        desk.world.faults.plan(error("EAPI:Rate limit exceeded"), path=TRADES, skip=2)
        report = await desk.sync(connection)
        assert [one["ofs"] for one in desk.asked(TRADES)] == ["0", "100", "50", "50", "0"]
        assert (report.waited_s >= 45, await stored(desk)) == (True, 130)

    async def test_the_wait_is_doubled_and_then_the_connection_rests(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        full = error("EAPI:Rate limit exceeded")
        desk.world.faults.plan(full, path=TRADES, times=99)
        desk.budget_s = 600.0
        with pytest.raises(Exception, match="stays full"):
            await desk.sync(connection)
        waits = [wait for wait in desk.clock.slept if wait >= 45]
        assert (waits, await desk.health(connection)) == ([45.0, 90.0, 180.0], "throttled")

    async def test_the_real_counter_is_never_full(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(300, START - HOUR)
        answered = []
        handle = desk.world.handle

        def watch(call: Call) -> Answer:
            found = handle(call)
            answered.append(b"Rate limit" in found.body)
            return found

        desk.handle = watch
        report = await desk.sync(connection)
        assert (report.outcome, any(answered), await stored(desk)) == ("complete", False, 300)

    async def test_no_call_is_made_before_the_end_of_a_throttling(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(3, START - HOUR)
        until = int(START.timestamp()) + 60
        desk.world.faults.plan(error(f"EService: Throttled: {until}"), path=TRADES)
        asked_at: list[int] = []

        def watch(call: Call) -> Answer:
            asked_at.append(int(desk.clock.now().timestamp()))
            return desk.world.handle(call)

        desk.handle = watch
        assert (await desk.sync(connection)).rows == 3
        assert [at for at in asked_at if START.timestamp() < at < until] == []
        assert max(asked_at) >= until

    async def test_a_throttling_beyond_the_budget_is_kept_by_the_next_message(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        until = int(START.timestamp()) + 3600
        desk.world.faults.plan(error(f"EService: Throttled: {until}"), path=TRADES)
        with pytest.raises(Exception, match="asks to wait"):
            await desk.sync(connection)
        asked = len(desk.world.calls)
        desk.clock.advance(timedelta(minutes=59))
        assert (await desk.sync(connection)).outcome == "resting"
        assert len(desk.world.calls) == asked

    async def test_a_lock_out_is_not_tried_again_for_a_quarter_of_an_hour(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.budget_s = 60.0
        desk.world.faults.plan(error("EGeneral:Temporary lockout"), path=TRADES)
        with pytest.raises(Exception, match="locked this key"):
            await desk.sync(connection)
        assert len(desk.asked(TRADES)) == 1
        assert await desk.health(connection) == "throttled"

    async def test_a_page_of_the_edge_is_asked_for_again(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(3, START - HOUR)
        desk.world.faults.plan(bad_edge(), path=TRADES)
        assert (await desk.sync(connection)).rows == 3

    async def test_a_warning_with_a_result_is_a_result_and_logged(
        self, desk: KrakenDesk, connection: Connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        desk.buy(3, START - HOUR)
        warned = faults.rows(lambda _: ["WGeneral:Example warning"], at="error")
        desk.world.faults.plan(warned, path=TRADES)
        assert (await desk.sync(connection)).rows == 3
        assert [one.message for one in caplog.records] == ["kraken.warning"]


class TestNonces:
    async def test_a_nonce_that_is_refused_once_is_raised(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.buy(3, START - HOUR)
        desk.world.faults.plan(error("EAPI:Invalid nonce"), path=TRADES)
        report = await desk.sync(connection)
        refused, again, *_ = (int(one["nonce"]) for one in desk.asked(TRADES))
        assert (report.rows, again > refused) == (3, True)

    async def test_nonces_that_are_always_refused_mean_another_program(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.key.last_nonce = 176_394_240_012_300_000_0  # of a client that counts finer
        report = await desk.sync(connection)
        assert (report.outcome, len(desk.world.calls)) == ("needs_reauth", 3)
        assert "another program uses this key" in await reason(desk, connection)

    async def test_a_clock_that_is_put_back_an_hour_gives_higher_nonces_all_the_same(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        await desk.sync(connection)
        before = desk.key.last_nonce
        desk.clock = ManualClock(START - HOUR)
        desk.world.counters.clear()
        desk.world.most_points = Decimal(100)  # the world's clock stands still meanwhile
        report = await desk.sync(connection)
        assert (report.outcome, desk.key.last_nonce > before) == ("complete", True)

    async def test_two_connections_at_once_have_nonces_and_counters_of_their_own(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        other = desk.world.add_account()
        desk.world.add_key(other, "KEY2", SECRET)
        desk.buy(3, START - HOUR)
        price, at = Decimal(100), START - HOUR
        desk.world.fill(other, "ADAUSD", "buy", Decimal(5), price=price, at=at)
        second = await desk.connect(api_key="KEY2")
        reports = await asyncio.gather(desk.sync(connection), desk.sync(second))
        assert [one.rows for one in reports] == [3, 1]
        assert [desk.world.counters[key].points < 15 for key in ("KEY1", "KEY2")] == [True, True]


class TestKeys:
    async def test_without_the_ledger_trades_have_estimated_fees_and_a_hint(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.key.permissions.discard("query-ledger")
        desk.trade("buy", "1", "100", START - HOUR, fee=Decimal("0.26"))
        report = await desk.sync(connection)
        await desk.store_all()
        ((fee,),) = [fill.fees for fill in desk.executions()]
        assert (fee.amount, fee.currency, fee.origin) == (
            Decimal("0.26"),
            "USD",
            FeeOrigin.ESTIMATED,
        )
        account = (await desk.one("accounts")).key.id
        days = (await desk.one("coverage", order_by="year", account_key=account)).body["days"]
        assert (report.outcome, "Query ledger entries" in days["2026-03-16"]["lost"]) == (
            "complete",
            True,
        )
        assert desk.asked(LEDGERS) == []  # each refusal brings a lock-out nearer

    async def test_a_ledger_that_is_refused_unforeseen_costs_one_question(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.world.tells_rights = False
        desk.key.permissions.discard("query-ledger")
        desk.buy(2, START - HOUR)
        report = await desk.sync(connection)
        assert (report.outcome, report.rows, len(desk.asked(LEDGERS))) == ("complete", 2, 1)

    @pytest.mark.parametrize("missing", ["query-closed-trades", "query-funds"])
    async def test_a_key_that_may_not_read_asks_for_the_permission(
        self, desk: KrakenDesk, connection: Connection, missing: str
    ) -> None:
        desk.key.permissions.discard(missing)
        report = await desk.sync(connection)
        assert (report.outcome, "give it Query funds" in report.reason) == ("needs_reauth", True)

    async def test_a_key_that_may_withdraw_is_refused(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.key.permissions.add("withdraw-funds")
        report = await desk.sync(connection)
        assert (report.outcome, "may withdraw" in report.reason) == ("needs_reauth", True)

    @pytest.mark.parametrize(
        ("login", "told"),
        [
            ({"api_key": "ANOTHER"}, "no such API key"),
            ({"private_key": "YW5vdGhlcg=="}, "does not belong"),
            ({"private_key": "not base64"}, "not base64"),
        ],
    )
    async def test_a_wrong_key_says_which_half_is_wrong(
        self, desk: KrakenDesk, login: dict[str, str], told: str
    ) -> None:
        report = await desk.sync(await desk.connect(**login))
        assert (report.outcome, told in report.reason) == ("needs_reauth", True)

    async def test_a_key_with_a_password_of_its_own_is_shown_with_it(
        self, desk: KrakenDesk
    ) -> None:
        desk.key.otp = "842351"
        desk.buy(2, START - HOUR)
        assert (await desk.sync(await desk.connect(otp="842351"))).rows == 2


class TestTwoKeys:
    async def test_one_account_under_two_keys_is_two_accounts_that_are_told_to_be_one(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.world.add_key(desk.account, "KEY2", SECRET)
        desk.buy(3, START - HOUR)
        for one in (connection, await desk.connect(api_key="KEY2")):
            await desk.sync(one)
        assert await stored(desk) == 6
        same = await same_accounts(desk.documents, USER)
        found = [fault.found async for fault in duplicate_faults(desk.documents, USER)]
        assert ({len(others) for others in same.values()}, len(same)) == ({1}, 2)
        assert ["shares 3 executions" in text for text in found] == [True]

    async def test_the_accounts_of_two_users_of_kraken_are_two(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        other = desk.world.add_account()
        desk.world.add_key(other, "KEY2", SECRET)
        desk.buy(3, START - HOUR)
        desk.world.fill(other, "XXBTZUSD", "buy", Decimal(1), price=Decimal(100), at=START - HOUR)
        for one in (connection, await desk.connect(api_key="KEY2")):
            await desk.sync(one)
        await desk.store_all()
        assert await same_accounts(desk.documents, USER) == {}


class TestLedger:
    async def test_a_fee_in_the_base_asset_makes_the_position_smaller(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        told = {"fee": Decimal("2.6"), "fee_asset": "XXBT"}
        desk.trade("buy", "0.01", "100000", START - HOUR, **told)
        await desk.sync(connection)
        ((fee,),) = [fill.fees for fill in desk.executions()]
        assert (fee.amount, fee.currency, fee.origin) == (
            Decimal("0.000026"),
            "BTC",
            FeeOrigin.REPORTED,
        )
        (held,) = build_book("BTC/USD", [(row.key, row.row) for row in desk.rows()]).positions
        assert held.quantity == desk.held()["BTC/USD"] == Decimal("0.009974")

    async def test_an_instant_purchase_is_one_execution_however_often_it_is_read(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        spent, got = ("ZUSD", Decimal(100)), ("XXBT", Decimal("0.001"))
        refid = desk.world.buy_at_once(desk.account, spent, got, at=START - HOUR)
        await desk.sync(connection)
        desk.clock.advance(HOUR)
        await desk.sync(connection)
        fill, _ = desk.executions()
        assert (fill.execution_id, fill.side) == (f"ledger:{refid}", Side.BUY)
        assert (fill.symbol, fill.quantity, fill.price) == ("BTC/USD", Decimal("0.001"), 100_000)
        assert await stored(desk) == 1

    async def test_a_pair_that_is_listed_no_more_keeps_its_bare_name_and_is_told(
        self, desk: KrakenDesk, connection: Connection, caplog: pytest.LogCaptureFixture
    ) -> None:
        desk.world.pairs = [one for one in desk.world.pairs if one.name != "XICNXETH"]
        desk.trade("buy", "10", "0.01", START - HOUR, pair="XICNXETH")
        await desk.sync(connection)
        (fill,) = desk.executions()
        assert (fill.symbol, fill.currency, fill.base) == ("XICNXETH", "ETH", "ICN")
        assert [one.message for one in caplog.records] == ["kraken.pair_not_listed"]

    async def test_a_pair_that_was_met_keeps_its_name_when_it_is_delisted(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.trade("buy", "10", "0.01", START - HOUR, pair="XICNXETH")
        await desk.sync(connection)
        await desk.store_all()
        desk.world.pairs = [one for one in desk.world.pairs if one.name != "XICNXETH"]
        desk.clock.advance(HOUR)
        await desk.sync(connection)
        assert {fill.symbol for fill in desk.executions()} == {"ICN/ETH"}

    async def test_margin_is_two_fills_and_its_fees_and_gains_are_cash(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        world, account, at = desk.world, desk.account, START - DAY
        told: dict[str, Any] = {"price": Decimal(100), "fee": Decimal("0.5")}
        position = world.on_margin(account, "XXBTZUSD", "buy", Decimal(1), at=at, **told)
        for hours in (4, 8):
            fee, on = Decimal("0.02"), at + timedelta(hours=hours)
            world.enter(account, "ZUSD", Decimal(0), fee, at=on, refid=position, kind="rollover")
        told |= {"price": Decimal(110), "gain": Decimal(10), "position": position}
        world.on_margin(account, "XXBTZUSD", "sell", Decimal(1), at=at + 10 * HOUR, **told)
        await desk.sync(connection)
        assert [(one.symbol, one.side, one.fees) for one in desk.executions()] == [
            ("BTC/USD:MARGIN", Side.BUY, ()),
            ("BTC/USD:MARGIN", Side.SELL, ()),
        ]
        money = [(one.type, one.amount) for one in desk.events()]
        assert money == [
            (EventType.FEE, Decimal("-0.5")),
            (EventType.FINANCING, Decimal("-0.02")),
            (EventType.FINANCING, Decimal("-0.02")),
            (EventType.CASH, Decimal(10)),
            (EventType.FEE, Decimal("-0.5")),
        ]

    async def test_positions_on_margin_are_compared_where_the_key_may_ask(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        desk.key.permissions.add("query-open-trades")
        told: dict[str, Any] = {"price": Decimal(100), "fee": Decimal("0.5")}
        desk.world.on_margin(desk.account, "XXBTZUSD", "sell", Decimal(2), at=START - DAY, **told)
        await desk.sync(connection)
        report = await desk.one(
            "position_reports",
            order_by="at_us",
            account_key=(await desk.one("accounts")).key.id,
        )
        (held,) = report.body["positions"]
        assert (held["symbol"], held["quantity"]) == ("BTC/USD:MARGIN", "-2")

    async def test_a_ledger_much_longer_than_the_trades_is_read_in_time(
        self, desk: KrakenDesk, connection: Connection
    ) -> None:
        for i in range(400):
            at, amount = START - i * HOUR, Decimal("0.001")
            desk.world.enter(desk.account, "XXBT.M", amount, at=at, kind="staking")
        desk.buy(3, START - 200 * HOUR, 50 * HOUR)
        desk.budget_s = 20.0
        report = await desk.sync(connection)
        messages = 1
        while report.outcome == "continued":
            desk.clock.advance(timedelta(minutes=1))  # until the counter is empty again
            report = await desk.sync(connection, reason="continue")
            messages += 1
        assert (report.outcome, messages > 1, await stored(desk)) == ("complete", True, 403)


SPOILED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "no volume": lambda row: {name: value for name, value in row.items() if name != "vol"},
    "a volume that is none": lambda row: {**row, "vol": "1e-8x"},
    "no volume at all": lambda row: {**row, "vol": "0.00000000"},
    "a negative volume": lambda row: {**row, "vol": "-1"},
    "an impossible time": lambda row: {**row, "time": 99_999_999_999},
    "a time of the future": lambda row: {**row, "time": START.timestamp() + 86_400},
    "an unknown currency": lambda row: {**row, "pair": "ABC"},
    "no price": lambda row: {**row, "price": "0"},
    "another side": lambda row: {**row, "type": "hold"},
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
async def test_a_spoiled_row_is_quarantined_and_the_others_are_saved(
    desk: KrakenDesk,
    connection: Connection,
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    desk.buy(3, START - HOUR)
    change = changed(lambda rows: [spoil(rows[0]), *rows[1:]] if rows else rows)
    desk.world.faults.plan(change, path=TRADES, times=99)
    report = await desk.sync(connection)
    assert (report.rows, report.unread, await stored(desk)) == (2, 1, 2)


async def test_what_is_not_known_of_the_ledger_is_quarantined_with_all_of_it(
    desk: KrakenDesk, connection: Connection
) -> None:
    desk.world.enter(desk.account, "XXBT", Decimal(1), at=START - HOUR, kind="settled")
    report = await desk.sync(connection)
    assert (report.unread, "settled" in desk.unread()[0].reason) == (1, True)
