"""The acceptance cases of Tradovate's contract, one or more tests a case."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.tradovate.library import contract_rows
from infra.simulators.brokers.tradovate.report import fills_report
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.engine.saved import decode_saved, history_of
from shared.brokers.spec import BrokerAccount, ParsedRow
from shared.brokers.tradovate.report import FILLS_REPORT
from shared.brokers.tradovate.rows import rows_of
from shared.brokers.tradovate.spec import SPEC
from shared.domain.errors import RateLimited
from shared.domain.execution import FeeOrigin, RowStatus
from shared.domain.journal.trading_day import trading_day
from shared.domain.money import loads_exact
from shared.domain.sync.connection import Connection
from tests.brokers.tradovate.setup import (
    FILLS,
    FIRST,
    LOGIN,
    RENEWAL,
    TradovateDesk,
    open_desk,
)
from tests.contract.broker import MINUTE

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
EVENING = datetime(2026, 3, 16, 20, 50, tzinfo=UTC)  # ten minutes before a session ends
SECOND = FIRST + 1
HTML = Answer(502, b"<html>Bad Gateway</html>", {"content-type": "text/html"})


@pytest.fixture
def desk() -> TradovateDesk:
    return open_desk()


@pytest.fixture
async def connection(desk: TradovateDesk) -> Connection:
    return await desk.connect()


def travel(desk: TradovateDesk, until: datetime) -> None:
    desk.clock.advance(until - desk.clock.now())


# 1


async def test_two_accounts_of_one_login_cost_one_list_and_each_gets_its_own_fills(
    desk: TradovateDesk, connection: Connection
) -> None:
    second = desk.add(SECOND)
    desk.trade("buy")
    desk.trade("sell", 2, account=second)
    listed: list[int] = []

    def watch(call: Call) -> Answer:
        answered = desk.world.handle(call)
        if call.path == FILLS:
            listed.append(len(json.loads(answered.body)))
        return answered

    desk.handle = watch
    report = await desk.sync(connection)
    quantities = {page.account_id: page.rows[0].row["quantity"] for page in desk.pages()}
    assert quantities == {str(FIRST): "1", str(SECOND): "2"}
    assert listed == [2]
    assert [one.rows for one in report.accounts] == [1, 1]


async def test_twenty_accounts_share_what_serves_them_all(
    desk: TradovateDesk, connection: Connection
) -> None:
    for place in range(1, 20):
        desk.trade("buy", account=desk.add(FIRST + place), at=desk.clock.now() - timedelta(hours=1))
    report = await desk.sync(connection)
    shared = (
        FILLS,
        "/v1/order/list",
        "/v1/fillFee/list",
        "/v1/contract/items",
        "/v1/position/list",
    )
    assert (report.outcome, len(report.accounts)) == ("complete", 20)
    assert [desk.asked(path) for path in shared] == [1, 1, 1, 1, 1]
    assert report.requests == 51  # two each, and eleven for all


# 2


async def test_an_order_that_is_not_listed_is_asked_for_by_its_id(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.trade("buy", at=desk.clock.now() - timedelta(hours=1))
    desk.world.faults.plan(faults.rows(lambda _: []), path="/v1/order/list", times=9)
    assert (await desk.sync(connection)).rows == 1
    assert desk.asked("/v1/order/items") == 1


async def test_a_fill_of_which_no_order_tells_the_account_is_kept_once(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.add(SECOND)
    desk.trade("buy", fees=False)
    for path in ("/v1/order/list", "/v1/order/items"):
        desk.world.faults.plan(faults.rows(lambda _: []), path=path, times=9)
    await desk.sync(connection)
    assert [row.reason for row in desk.unread()] == ["account: no order tells whose fill this is"]


# 3


async def test_a_session_that_ended_unwatched_is_found_through_the_ledger(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.trade("buy")
    await desk.sync(connection)
    await desk.store_all()
    travel(desk, EVENING)
    missed = desk.trade("sell")
    travel(desk, EVENING + DAY)
    assert desk.world.handle(_list_call(desk)).body == b"[]"
    await desk.sync(connection)
    assert desk.fill(missed).price == Decimal("25386.75")
    assert len(await desk.stored()) == 2


async def test_an_empty_list_deletes_nothing(desk: TradovateDesk, connection: Connection) -> None:
    desk.trade("buy")
    await desk.sync(connection)
    before = await desk.stored()
    travel(desk, EVENING + DAY)
    await desk.sync(connection)
    assert await desk.stored() == before


def _list_call(desk: TradovateDesk) -> Call:
    shown = next(c.headers["authorization"] for c in desk.world.calls if c.path == FILLS)
    token = list(desk.world.sessions._tokens.values())[-1]
    token.expires_at = desk.clock.now() + DAY
    desk.world.sessions._tokens[shown.removeprefix("Bearer ")] = token
    return Call("GET", "demo.tradovateapi.com", FILLS, {}, {"authorization": shown})


# 4


async def test_a_fill_from_the_api_the_report_and_the_stream_is_one_row(
    desk: TradovateDesk, connection: Connection
) -> None:
    fill_id = desk.trade("buy", 2)
    await desk.sync(connection)
    report = history_of(SPEC, "fills_report")
    assert report is FILLS_REPORT
    rows = decode_saved(SPEC, report, fills_report(desk.world, desk.account()))
    account = BrokerAccount(str(FIRST), "", "USD")
    listed = report.parse(rows[0], account)
    assert isinstance(listed, ParsedRow)
    assert listed.row == desk.fill(fill_id)
    streamed = SPEC.history[0].parse(_pushed(desk, fill_id), account)
    assert isinstance(streamed, ParsedRow)
    assert streamed == listed


def _pushed(desk: TradovateDesk, fill_id: int) -> object:
    """What a stream says of a fill, joined with what is known beside it."""
    trade = desk.world.trade(fill_id)
    frame = {"e": "props", "d": {"entityType": "fill", "entity": trade.row()}}
    told = {"fill": [frame["d"]["entity"]], "order": [trade.order_row()]}
    told |= {"fillFee": [trade.fee_row()], **contract_rows([trade.contract])}
    return rows_of(loads_exact(json.dumps(told)))[0]


# 5


async def test_an_order_of_five_in_two_fills_is_two_executions_of_one_order(
    desk: TradovateDesk, connection: Connection
) -> None:
    for size in (2, 3):
        desk.trade("sell", size, order_id=540_725_260_033)
    await desk.sync(connection)
    found = [row.row for row in desk.fills().values()]
    assert [(one.quantity, one.order_id) for one in found] == [
        (2, "540725260033"),
        (3, "540725260033"),
    ]


# 6


async def test_a_fee_that_comes_late_is_pending_first_and_the_row_keeps_its_id(
    desk: TradovateDesk, connection: Connection
) -> None:
    fill_id = desk.trade("buy", 2, fees_at=desk.clock.now() + timedelta(minutes=10))
    await desk.sync(connection)
    first = desk.fills()[str(fill_id)]
    assert [fee.origin for fee in first.row.fees] == [FeeOrigin.PENDING]
    desk.clock.advance(QUARTER)
    await desk.sync(connection)
    second = desk.fills()[str(fill_id)]
    assert [(fee.amount, fee.origin) for fee in second.row.fees] == [
        (Decimal("5.76"), FeeOrigin.REPORTED)
    ]
    assert first.key == second.key


async def test_a_fee_that_comes_after_its_session_is_found_by_its_ledger_line(
    desk: TradovateDesk, connection: Connection
) -> None:
    travel(desk, EVENING)
    fill_id = desk.trade("buy", fees_at=EVENING + timedelta(hours=3))
    await desk.sync(connection)
    travel(desk, EVENING + timedelta(hours=2))
    await desk.sync(connection)
    travel(desk, EVENING + timedelta(hours=4))
    await desk.sync(connection)
    assert desk.fill(fill_id).fees[0].amount == Decimal("2.88")


async def test_a_fill_that_has_no_fee_after_days_has_none(
    desk: TradovateDesk, connection: Connection
) -> None:
    fills = [desk.trade(side, fees=False) for side in ("buy", "sell")]
    for _ in range(6):
        await desk.sync(connection)
        await desk.store_all()
        desk.clock.advance(DAY)
    assert [desk.fill(one).fees for one in fills] == [(), ()]


# 7


async def test_an_answer_of_exactly_a_power_of_two_is_not_believed(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.world.cap = 1024
    desk.buy(desk.account(), 1030, every=timedelta(seconds=1))
    await desk.sync(connection)
    assert len(await desk.stored()) == 1024  # the ledger is cut, too, and names old fills first
    days = await desk.days()
    assert days["2026-03-16"]["lost"].startswith("Tradovate tells the current session only")


async def test_what_a_cut_list_lacks_the_ledger_names(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.buy(desk.account(), 1030, every=timedelta(seconds=1))
    cut = faults.rows(lambda rows: rows[:1024])
    desk.world.faults.plan(cut, path=FILLS, times=99)
    await desk.sync(connection)
    assert len(await desk.stored()) == 1030
    assert not [day for day in (await desk.days()).values() if day["state"] == "gap"]


# 8


async def test_a_token_that_dies_midway_is_renewed_once_with_the_same_result(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.trade("buy")
    desk.trade("sell", contract="ESM6")
    desk.world.faults.plan(faults.status(401), path="/v1/contract/items")
    report = await desk.sync(connection)
    assert (report.rows, desk.asked(LOGIN), desk.asked(RENEWAL)) == (2, 1, 1)


async def test_a_day_of_visits_takes_one_session(
    desk: TradovateDesk, connection: Connection
) -> None:
    for minutes in [15] * 8 + [60] * 22:
        assert (await desk.sync(connection)).outcome == "complete"
        desk.clock.advance(timedelta(minutes=minutes))
    assert desk.asked(LOGIN) == 1


async def test_a_session_that_the_user_closed_is_begun_anew_but_not_at_once_again(
    desk: TradovateDesk, connection: Connection
) -> None:
    await desk.sync(connection)
    desk.world.sessions.end_all()
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    desk.clock.advance(QUARTER)
    assert (await desk.sync(connection)).outcome == "complete"
    assert desk.asked(LOGIN) == 2


# 9


async def test_bad_credentials_are_told_after_one_try(desk: TradovateDesk) -> None:
    connection = await desk.connect(password="wrong")
    report = await desk.sync(connection)
    assert (report.outcome, len(desk.world.calls)) == ("needs_reauth", 1)
    assert "check user name, API password, cid and secret" in report.reason


async def test_a_captcha_pauses_for_an_hour(desk: TradovateDesk, connection: Connection) -> None:
    desk.world.sessions.users["jdoe"].captcha = True
    with pytest.raises(RateLimited, match="captcha"):
        await desk.sync(connection)
    desk.clock.advance(timedelta(minutes=59))
    assert ((await desk.sync(connection)).outcome, len(desk.world.calls)) == ("resting", 1)
    desk.world.sessions.users["jdoe"].captcha = False
    desk.clock.advance(MINUTE)
    assert (await desk.sync(connection)).outcome == "complete"


# 10


@pytest.mark.parametrize("path", ["/v1/order/items", "/v1/cashBalance/getcashbalancesnapshot"])
async def test_a_time_penalty_is_waited_for_and_its_ticket_shown(
    desk: TradovateDesk, connection: Connection, path: str
) -> None:
    desk.trade("buy")
    desk.world.faults.plan(faults.rows(lambda _: []), path="/v1/order/list", times=9)
    desk.world.penalize(path)
    report = await desk.sync(connection)
    assert (report.outcome, report.rows, desk.clock.slept) == ("complete", 1, [15])


# 11


async def test_an_empty_429_stops_every_question_for_an_hour(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.world.sessions.requests_a_minute = 3
    with pytest.raises(RateLimited):
        await desk.sync(connection)
    asked = len(desk.world.calls)
    for reason in ("tick", "continue", "manual"):
        assert (await desk.sync(connection, reason)).outcome == "resting"
    assert len(desk.world.calls) == asked
    health = (await desk.connections.get(connection.user_id, connection.connection_id)).health
    assert health.next_attempt_at == desk.clock.now() + timedelta(hours=1)


async def test_a_lock_of_a_minute_is_waited_for(
    desk: TradovateDesk, connection: Connection
) -> None:
    locked = Answer(423, b"", {})
    desk.world.faults.plan(lambda _, __: locked, path=FILLS)
    report = await desk.sync(connection)
    assert (report.outcome, report.waited_s >= 60) == ("complete", True)


# 12


async def test_a_moved_host_gets_the_token_too(desk: TradovateDesk, connection: Connection) -> None:
    desk.trade("buy")
    desk.world.moved = {"demo.tradovateapi.com": "https://demo-org7.tradovateapi.com"}
    assert (await desk.sync(connection)).rows == 1


async def test_the_hosts_that_a_login_tells_are_asked(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.world.sessions.hosts = {"demo": "demo-org7.tradovateapi.com", "live": "evil.example"}
    await desk.sync(connection)
    assert {c.host for c in desk.world.calls if c.path != LOGIN} == {"demo-org7.tradovateapi.com"}


@pytest.mark.parametrize(
    "host",
    [
        "https://evil.example",
        "http://demo.tradovateapi.com",
        "https://demo.tradovateapi.com.evil.example",
        "https://user@demo.tradovateapi.com",
        "https://demo.tradovateapi.com:8443",
    ],
)
async def test_a_token_is_shown_to_no_other_host(
    desk: TradovateDesk, connection: Connection, host: str
) -> None:
    desk.world.moved = {"demo.tradovateapi.com": host}
    report = await desk.sync(connection)
    assert report.outcome == "failed"
    assert {call.host for call in desk.world.calls} == {"demo.tradovateapi.com"}


async def test_hosts_that_send_in_a_circle_are_followed_three_times(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.world.moved = {"demo.tradovateapi.com": "https://demo.tradovateapi.com"}
    assert (await desk.sync(connection)).outcome == "failed"
    assert len(desk.world.calls) == 4


# 13


@pytest.mark.parametrize(("flag", "named"), [(True, True), (False, True), (False, False)])
async def test_a_trade_that_is_taken_back_is_void_and_stays_so(
    desk: TradovateDesk, connection: Connection, flag: bool, named: bool
) -> None:
    wrong, right = desk.trade("buy", price=Decimal(25_000)), desk.trade("buy")
    await desk.sync(connection)
    desk.clock.advance(QUARTER)
    desk.world.bust(wrong, flag=flag, named=named)
    for _ in range(3):  # also when the session and its reports are forgotten
        await desk.sync(connection)
        await desk.store_all()
        desk.clock.advance(DAY)
    statuses = {one: desk.fill(one).status for one in (wrong, right)}
    assert statuses == {wrong: RowStatus.BUSTED, right: RowStatus.BOOKED}


async def test_a_trade_of_an_earlier_session_that_is_taken_back_is_void(
    desk: TradovateDesk, connection: Connection
) -> None:
    wrong = desk.trade("buy")
    await desk.sync(connection)
    desk.clock.advance(DAY)
    desk.world.bust(wrong, flag=False)
    await desk.sync(connection)
    assert desk.fill(wrong).status is RowStatus.BUSTED


async def test_a_corrected_trade_gives_way_to_the_one_with_the_new_id(
    desk: TradovateDesk, connection: Connection
) -> None:
    old = desk.trade("buy", price=Decimal(25_000))
    await desk.sync(connection)
    new = desk.world.correct(old, Decimal(25_001))
    desk.clock.advance(QUARTER)
    await desk.sync(connection)
    assert (desk.fill(old).status, desk.fill(new).status) == (RowStatus.BUSTED, RowStatus.BOOKED)


# 14


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("qty", None, "qty: expected a number of contracts, found None"),
        ("qty", 0, "qty: expected a number of contracts, found 0"),
        ("qty", -1, "qty: expected a number of contracts, found -1"),
        ("action", "Short", "action: expected Buy or Sell, found 'Short'"),
        ("price", None, "price: expected a decimal, found None"),
        ("timestamp", "2026-02-30T10:00:00Z", "timestamp: expected a time"),
        ("contractId", 7, "contract: the row was read without it"),
    ],
)
async def test_a_malformed_fill_is_quarantined_and_the_others_are_saved(
    desk: TradovateDesk, connection: Connection, field: str, value: object, reason: str
) -> None:
    desk.buy(desk.account(), 3)
    desk.world.faults.plan(faults.spoiled(1, field, value), path=FILLS, times=99)
    report = await desk.sync(connection)
    assert (report.rows, len(desk.unread())) == (2, 1)
    assert desk.unread()[0].reason.startswith(reason)


# 15


async def test_a_fill_of_sunday_evening_belongs_to_monday(
    desk: TradovateDesk, connection: Connection
) -> None:
    fill_id = desk.trade("buy", at=datetime(2026, 3, 15, 23, 3, tzinfo=UTC))
    await desk.sync(connection)
    fill = desk.fill(fill_id)
    assert trading_day(fill.asset_class, fill.executed_at).isoformat() == "2026-03-16"


# 16


async def test_a_roll_is_two_symbols_of_one_root(
    desk: TradovateDesk, connection: Connection
) -> None:
    rolled = [desk.trade("sell", contract="ESH7"), desk.trade("buy", contract="ESM7")]
    await desk.sync(connection)
    assert [desk.fill(one).symbol for one in rolled] == ["ESH27", "ESM27"]
    assert {desk.fill(one).root for one in rolled} == {"ES"}
    assert desk.world.positions(desk.account()) == {"ESH27": -1, "ESM27": 1}


# 17


async def test_a_proxys_error_page_may_pass(desk: TradovateDesk, connection: Connection) -> None:
    desk.trade("buy")
    desk.world.faults.plan(lambda _, __: HTML, path=FILLS, times=2)
    assert (await desk.sync(connection)).rows == 1


# and beside the cases


@pytest.mark.parametrize("kind", ["cashBalanceLog", "executionReport", "position"])
async def test_a_permission_that_is_missing_is_told_and_the_login_stays_good(
    desk: TradovateDesk, connection: Connection, kind: str
) -> None:
    desk.trade("buy")
    desk.world.closed.add(kind)
    report = await desk.sync(connection)
    assert (report.outcome, await desk.health(connection)) == ("failed", "failed")
    assert f"/v1/{kind}/" in report.reason
    assert "permission" in report.reason


async def test_fills_are_kept_even_where_the_ledger_may_not_be_read(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.trade("buy")
    desk.world.closed.add("cashBalanceLog")
    await desk.sync(connection)
    assert len(await desk.stored()) == 1


async def test_an_object_where_a_list_belongs_is_no_empty_list(
    desk: TradovateDesk, connection: Connection
) -> None:
    refusal = {"errorText": "Something went wrong"}
    desk.world.faults.plan(faults.body(refusal), path=FILLS, times=9)
    report = await desk.sync(connection)
    assert (report.outcome, report.reason) == ("failed", "Tradovate: /v1/fill/list was refused")


async def test_one_unknown_id_may_spoil_an_answer_for_all(
    desk: TradovateDesk, connection: Connection
) -> None:
    desk.world.strict_items = True
    travel(desk, EVENING)
    fills = desk.buy(desk.account(), 3)
    travel(desk, EVENING + DAY)
    gone = desk.world.books.trades.pop(1)
    await desk.sync(connection)
    assert set(desk.fills()) == {str(one) for one in fills if one != gone.fill_id}
    assert (
        desk.unread()[0].reason == f"fill {gone.fill_id}: the ledger names it, and it was not given"
    )
