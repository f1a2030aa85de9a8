"""The acceptance cases of Binance's fact sheet (section 8), each by its name."""

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.binance.limits import Weights
from infra.simulators.brokers.binance.query import no_key
from infra.simulators.brokers.wire import Answer, Call
from shared.brokers.binance.usdm import SPAN
from shared.domain.errors import InvalidInput, RateLimited
from shared.domain.execution import Fee
from shared.domain.ids import account_key
from shared.domain.journal.book import Book, build_book
from shared.domain.messages import JournalChanged
from shared.domain.sync.connection import Connection
from shared.journal.build import BuildJournal
from shared.journal.reconcile import Reconcile
from shared.journal.reconciliation.result import Reconciliation
from shared.journal.upkeep.resync import Resync
from shared.ports import Key
from tests.brokers.binance.test_sync import book_futures, book_spot, open_desk, user_of
from tests.brokers.desk import START, USER, Desk

TRADES = "/api/v3/myTrades"
CONTRACTS = "/fapi/v1/userTrades"
HOUR = timedelta(hours=1)
COIN = Decimal(1)
PRICE = Decimal(100)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


def calls(desk: Desk, path: str) -> list[Call]:
    return [call for call in desk.world.calls if call.path == path]


def asked_symbols(desk: Desk, path: str = TRADES) -> Counter[str]:
    return Counter(call.query["symbol"] for call in calls(desk, path))


def refused_key(_: Call, __: Answer) -> Answer:
    return no_key().answer


def book_of(desk: Desk, root: str) -> Book:
    return build_book(root, [(row.key, row.row) for row in desk.rows() if row.row.root == root])


async def test_1_2500_fills_of_which_five_share_a_millisecond_are_three_pages(
    desk: Desk, connection: Connection
) -> None:
    shared = START - HOUR * 24
    for place in range(2500):
        at = shared if 998 <= place <= 1002 else shared + timedelta(seconds=place - 1000)
        desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, price=PRICE, at=at)
    await desk.sync(connection)
    await desk.store_all()
    assert (len(await desk.log()), asked_symbols(desk)["BTCUSDT"]) == (2500, 3)


async def test_2_ids_are_unique_in_one_symbol_of_one_market_alone(
    desk: Desk, connection: Connection
) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        more = {"price": PRICE, "at": START - HOUR, "trade_id": 7}
        desk.world.fill(user_of(desk), symbol, "BUY", COIN, **more)
    desk.world.contract(
        user_of(desk), "BTCUSDT", "BUY", COIN, price=PRICE, at=START - HOUR, trade_id=7
    )
    await desk.sync(connection)
    await desk.store_all()
    assert len(await desk.log()) == 3
    assert {one.execution_id for one in desk.executions()} == {
        "spot:BTCUSDT:7:B",
        "spot:ETHUSDT:7:B",
        "usdm:BTCUSDT:7:B",
    }


async def test_3_a_second_sync_with_nothing_new_is_one_call_a_symbol_and_no_row(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 3, START - 2 * HOUR)
    await desk.sync(connection)
    await desk.store_all()
    before = await desk.log()
    desk.world.calls.clear()
    desk.clock.advance(timedelta(minutes=15))
    report = await desk.sync(connection)
    await desk.store_all()
    assert (report.rows, await desk.log() == before) == (0, True)
    assert set(asked_symbols(desk).values()) == {1}


async def test_4_spot_is_never_asked_for_by_times(desk: Desk, connection: Connection) -> None:
    book_spot(desk, 3, START - timedelta(days=60), every=timedelta(days=2))
    await desk.sync(connection)
    desk.clock.advance(timedelta(days=30))
    await desk.sync(connection)
    assert not [call for call in calls(desk, TRADES) if {"startTime", "endTime"} & set(call.query)]


async def test_5_a_futures_fill_at_the_edge_of_two_weeks_is_stored_once(
    desk: Desk, connection: Connection
) -> None:
    edge = START - desk.spec.first_window + SPAN
    book_futures(desk, 1, edge)
    user_of(desk).resting.add("BTCUSDT")
    await desk.sync(connection)
    await desk.store_all()
    spans = [(int(c.query["startTime"]), int(c.query["endTime"])) for c in calls(desk, CONTRACTS)]
    at_ms = int(edge.timestamp() * 1000)
    assert sum(since <= at_ms <= until for since, until in spans) == 2
    fills = [one for one in desk.executions() if one.execution_id.startswith("usdm")]
    assert {one.executed_at for one in fills} == {edge.replace(microsecond=edge.microsecond)}
    assert len(await desk.log()) == 1


async def test_6_what_is_older_than_six_months_is_refused_and_not_an_empty_success(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    account = account_key("binance", "live", "354937868:usdm")
    resync = Resync(desk.documents, lambda _: desk.syncing())
    with pytest.raises(InvalidInput, match="Binance goes back 180 days"):
        await resync.resync(USER, account, date(2025, 6, 1), date(2025, 6, 30))


async def test_6_what_was_before_is_told_as_beyond_the_broker_for_futures_alone(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    beyond = {}
    for market in ("spot", "usdm"):
        key = account_key("binance", "live", f"354937868:{market}")
        (found,) = await desk.documents.get_many([Key("accounts", (USER, key))])
        assert found is not None
        beyond[market] = found.body["beyond_before_us"] is not None
    assert beyond == {"spot": False, "usdm": True}


async def test_7_a_fee_in_the_bought_coin_makes_the_position_smaller(
    desk: Desk, connection: Connection
) -> None:
    fee = (Decimal("0.00001"), "BTC")
    at, bought = START - HOUR, Decimal("0.01")
    desk.world.fill(user_of(desk), "BTCUSDT", "BUY", bought, price=PRICE, at=at, fee=fee)
    await desk.sync(connection)
    (position,) = book_of(desk, "BTCUSDT").positions
    assert (desk.executions()[0].quantity, position.quantity) == (bought, Decimal("0.00999"))
    assert position.quantity == desk.world.held(user_of(desk))["BTC"]


async def test_7_a_fee_in_bnb_stays_in_bnb(desk: Desk, connection: Connection) -> None:
    fee = (Decimal("0.00075"), "BNB")
    desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, price=PRICE, at=START - HOUR, fee=fee)
    await desk.sync(connection)
    assert desk.executions()[0].fees == (Fee(amount=Decimal("0.00075"), currency="BNB"),)


async def test_8_an_order_filled_in_three_parts_is_three_executions(
    desk: Desk, connection: Connection
) -> None:
    for _ in range(3):
        more = {"price": PRICE, "at": START - HOUR, "order_id": 41}
        desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, **more)
    await desk.sync(connection)
    found = desk.executions()
    assert (len(found), {one.order_id for one in found}) == (3, {"41"})


async def test_9_a_clock_that_is_90_seconds_slow_is_set_once(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 3)
    desk.world.ahead = timedelta(seconds=90)
    report = await desk.sync(connection)
    assert (report.outcome, report.rows) == ("complete", 3)
    assert len(calls(desk, "/api/v3/time")) == 1


async def test_10_a_key_that_is_refused_midway_stops_and_keeps_what_was_read(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 1500, every=timedelta(seconds=1))  # after BTCFDUSD, which has none
    desk.world.faults.plan(refused_key, path=TRADES, skip=2, times=99)
    report = await desk.sync(connection)
    await desk.store_all()
    assert (report.outcome, await desk.health(connection)) == ("needs_reauth", "needs_reauth")
    for cause in ("key", "IP address", "may read"):
        assert cause in report.reason
    assert len(await desk.log()) == 1000


async def test_11_after_a_429_nothing_is_asked_for_as_long_as_it_says(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 3)
    desk.world.faults.plan(faults.status(429, {"Retry-After": "7"}), path=TRADES)
    report = await desk.sync(connection)
    assert (report.rows, len(desk.clock.slept), desk.clock.slept[0] >= 7) == (3, 1, True)


async def test_11_a_ban_is_waited_for_and_kept_over_a_restart(
    desk: Desk, connection: Connection
) -> None:
    desk.budget_s = 60.0
    desk.world.hosts.spot.ban(START + timedelta(seconds=120))
    with pytest.raises(RateLimited) as raised:
        await desk.sync(connection)
    assert (raised.value.retry_after_s, await desk.health(connection)) == (120, "throttled")
    asked = len(desk.world.calls)
    again = await desk.sync(connection)  # a new process: nothing but the store remembers
    assert (again.outcome, len(desk.world.calls)) == ("resting", asked)
    desk.clock.advance(121)
    assert (await desk.sync(connection)).outcome == "complete"


async def test_11_used_up_weight_is_waited_for_and_never_ends_in_a_ban(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 3)
    desk.world.hosts.spot = Weights(200)  # a part of ours: others ask from this address too
    report = await desk.sync(connection)
    assert (report.outcome, report.rows) == ("complete", 3)


async def test_12_html_of_a_503_twice_and_then_an_answer(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 3)
    desk.world.faults.plan(faults.html_503(), path=TRADES, times=2)
    assert (await desk.sync(connection)).rows == 3


@pytest.mark.parametrize(("field", "value"), [("commission", None), ("price", "abc")])
async def test_13_an_unreadable_row_is_kept_raw_and_the_others_are_saved(
    desk: Desk, connection: Connection, field: str, value: object
) -> None:
    book_spot(desk, 3)
    desk.world.faults.plan(faults.spoiled(1, field, value), path=TRADES, times=99)
    report = await desk.sync(connection)
    assert (report.outcome, report.rows, report.unread) == ("complete", 2, 1)
    (kept,) = desk.unread()
    assert field in kept.reason
    assert '"id": 2' in kept.raw


async def test_14_two_keys_of_one_user_are_the_same_accounts(
    desk: Desk, connection: Connection
) -> None:
    user_of(desk).keys["k2"] = "s2"
    book_spot(desk, 3)
    await desk.sync(connection)
    await desk.sync(await desk.connect(api_key="k2", secret="s2"))
    await desk.store_all()
    assert len(await desk.log()) == 3


@pytest.mark.parametrize("where", ["gone", "hidden"])
async def test_15_a_delisted_symbol_is_left_out_and_told(
    desk: Desk, connection: Connection, where: str
) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        book_spot(desk, 2, symbol=symbol)
    await desk.sync(connection)
    await desk.store_all()
    getattr(desk.world, where).add("ETHUSDT")
    book_spot(desk, 1, START + HOUR)
    desk.clock.advance(2 * HOUR)
    report = await desk.sync(connection)
    assert (report.outcome, report.accounts[0].ignored) == ("complete", 1)
    key = account_key("binance", "live", "354937868:spot")
    run = await desk.one("runs", order_by="run", account_key=key)
    assert [reason.split()[0] for reason in run.body["ignored"]] == ["ETHUSDT"]


async def test_16_both_sides_of_a_hedge_are_two_positions(
    desk: Desk, connection: Connection
) -> None:
    for side, position in (("BUY", "LONG"), ("SELL", "SHORT")):
        more = {"price": PRICE, "at": START - HOUR, "position_side": position}
        desk.world.contract(user_of(desk), "BTCUSDT", side, COIN, **more)
    await desk.sync(connection)
    held = {one.symbol: one.quantity for one in book_of(desk, "BTCUSDT").positions}
    assert held == {"BTCUSDT:LONG": COIN, "BTCUSDT:SHORT": -COIN}
    key = account_key("binance", "live", "354937868:usdm")
    told = await desk.one("position_reports", order_by="at_us", account_key=key)
    reported = {one["symbol"]: Decimal(one["quantity"]) for one in told.body["positions"]}
    assert reported == held


async def test_17_both_sides_of_a_trade_with_oneself_are_kept(
    desk: Desk, connection: Connection
) -> None:
    for side in ("BUY", "SELL"):
        more = {"price": PRICE, "at": START - HOUR, "trade_id": 9}
        desk.world.fill(user_of(desk), "BTCUSDT", side, COIN, **more)
        desk.world.contract(user_of(desk), "BTCUSDT", side, COIN, **more)
    await desk.sync(connection)
    await desk.store_all()
    assert len(await desk.log()) == 4
    assert all(one.fees for one in desk.executions() if one.execution_id.startswith("usdm"))


async def compared(desk: Desk, connection: Connection) -> Reconciliation:
    """Sync, store, build and compare the spot account with what the exchange says is held."""
    await desk.sync(connection)
    await desk.store_all()
    builder = BuildJournal(desk.documents, desk.clock, desk.entropy)
    for delivery in desk.bus.take(JournalChanged.topic):
        await builder.build(JournalChanged.decode(delivery.data))
    key = account_key("binance", "live", "354937868:spot")
    return await Reconcile(desk.documents, desk.clock, desk.entropy).reconcile(USER, key)


async def test_a_balance_that_no_trade_explains_differs_and_all_others_agree(
    desk: Desk, connection: Connection
) -> None:
    fee = (Decimal("0.00001"), "BTC")
    more = {"price": PRICE, "at": START - HOUR, "fee": fee}
    desk.world.fill(user_of(desk), "BTCUSDT", "BUY", Decimal("0.01"), **more)
    assert (await compared(desk, connection)).state == "agreed"
    user_of(desk).funds["BNB"] = COIN  # a deposit, or a conversion
    desk.clock.advance(HOUR)
    found = await compared(desk, connection)
    assert (found.state, [line.symbol for line in found.differing]) == ("differs", ["BNBUSDT"])
