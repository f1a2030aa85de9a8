"""How symbols are found, what a login reaches, and how walks go on."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.simulators.brokers import faults
from infra.simulators.brokers.binance.market import Listed
from infra.simulators.brokers.binance.world import BinanceWorld
from shared.domain.errors import RetryableError
from shared.domain.execution import AccountEvent, EventType, Execution
from shared.domain.ids import account_key
from shared.domain.sync.connection import Connection
from tests.brokers.binance.test_cases import COIN, CONTRACTS, HOUR, PRICE, TRADES, calls
from tests.brokers.binance.test_sync import (
    LOGIN,
    UID,
    book_futures,
    book_spot,
    of_pages,
    open_desk,
    user_of,
)
from tests.brokers.desk import START, Desk

SPOT = account_key("binance", "live", f"{UID}:spot")
DAY = timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
async def connection(desk: Desk) -> Connection:
    return await desk.connect()


async def again(desk: Desk, connection: Connection, after: timedelta = HOUR) -> Any:
    await desk.store_all()
    desk.clock.advance(after)
    desk.world.calls.clear()
    report = await desk.sync(connection)
    await desk.store_all()
    return report


def asked(desk: Desk, path: str = TRADES) -> list[str]:
    return [call.query["symbol"] for call in calls(desk, path)]


async def test_a_symbol_that_was_sold_out_is_found_by_looking_through_all(
    desk: Desk, connection: Connection
) -> None:
    for side in ("BUY", "SELL"):
        desk.world.fill(user_of(desk), "ETHUSDT", side, COIN, price=PRICE, at=START - HOUR)
    assert (await desk.sync(connection)).rows == 2


async def test_all_symbols_are_looked_through_a_few_at_a_time(
    desk: Desk, connection: Connection
) -> None:
    desk.world.listed = [Listed(f"C{n:02d}USDT", f"C{n:02d}", "USDT") for n in range(60)]
    await desk.sync(connection)
    found = [asked(desk)]
    for _ in range(2):
        await again(desk, connection)
        found.append(asked(desk))
    assert [len(one) for one in found] == [25, 25, 25]
    assert len({symbol for one in found for symbol in one}) == 60


async def test_what_is_held_goes_before_the_rest(desk: Desk, connection: Connection) -> None:
    user_of(desk).funds["ETH"] = COIN
    await desk.sync(connection)
    assert asked(desk)[:2] == ["ETHBTC", "ETHUSDT"]


async def test_a_symbol_with_an_order_is_asked_for(desk: Desk, connection: Connection) -> None:
    user_of(desk).orders.append({"symbol": "BNBUSDT", "orderId": 1})
    await desk.sync(connection)
    assert asked(desk)[0] == "BNBUSDT"


async def test_an_earlier_id_that_is_shown_later_is_found(
    desk: Desk, connection: Connection
) -> None:
    for number in (10, 12):
        more = {"price": PRICE, "at": START, "trade_id": number}
        desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, **more)
    await desk.sync(connection)
    desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, price=PRICE, at=START, trade_id=11)
    await again(desk, connection, timedelta(minutes=15))
    assert len(await desk.log()) == 3


async def test_the_newest_trades_are_read_again_once_a_week(
    desk: Desk, connection: Connection
) -> None:
    for number in (10, 12):
        more = {"price": PRICE, "at": START - DAY, "trade_id": number}
        desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, **more)
    await desk.sync(connection)
    lost = {"price": PRICE, "at": START - DAY, "trade_id": 11}
    desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, **lost)
    await again(desk, connection)
    assert len(await desk.log()) == 2
    await again(desk, connection, 7 * DAY)
    assert (len(await desk.log()), asked(desk).count("BTCUSDT")) == (3, 2)


async def test_balances_that_stay_spare_the_trades_a_second_reading(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 3)
    await desk.sync(connection)
    assert (asked(desk).count("BTCUSDT"), len(calls(desk, "/api/v3/account"))) == (1, 2)


async def test_a_fill_between_the_trades_and_the_balances_is_in_both(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 3)
    plain = desk.world.handle

    def handle(call: Any) -> Any:
        found = plain(call)
        if call.query.get("symbol") == "BTCUSDT" and call.path == TRADES and len(fills()) == 3:
            desk.world.fill(user_of(desk), "BTCUSDT", "BUY", COIN, price=PRICE, at=desk.clock.now())
        return found

    def fills() -> list[Any]:
        return user_of(desk).spot["BTCUSDT"]

    desk.handle = handle
    assert (await desk.sync(connection)).rows == 4
    told = await desk.one("position_reports", order_by="at_us", account_key=SPOT)
    assert [one["quantity"] for one in told.body["positions"]] == ["4"]


async def test_a_login_is_two_accounts_that_are_read_apart(
    desk: Desk, connection: Connection
) -> None:
    book_spot(desk, 2)
    book_futures(desk, 3)
    report = await desk.sync(connection)
    rows = {one.account_id: one.rows for one in report.accounts}
    assert rows == {f"{UID}:spot": 2, f"{UID}:usdm": 3}
    hosts = {(call.host, call.path.split("/")[1]) for call in desk.world.calls}
    assert hosts == {
        ("api.binance.com", "api"),
        ("api.binance.com", "sapi"),
        ("fapi.binance.com", "fapi"),
    }


async def test_a_key_without_futures_is_one_account() -> None:
    desk = open_desk(trades_futures=False)
    report = await desk.sync(await desk.connect())
    assert [one.account_id for one in report.accounts] == [f"{UID}:spot"]


@pytest.mark.parametrize(
    ("rights", "said"),
    [({"withdraws": True}, "may withdraw"), ({"reads": False}, "may read")],
)
async def test_a_key_with_other_rights_than_reading_is_refused(
    rights: dict[str, bool], said: str
) -> None:
    desk = open_desk(**rights)
    report = await desk.sync(await desk.connect())
    assert (report.outcome, said in report.reason) == ("needs_reauth", True)


@pytest.mark.parametrize(("futures", "count"), [(True, 2), (False, 1)])
async def test_a_test_environment_that_tells_no_rights_is_tried_out(
    futures: bool, count: int
) -> None:
    desk = open_desk(environment="testnet", trades_futures=futures)
    connection = await desk.connect("testnet")
    report = await desk.sync(connection)
    assert (report.outcome, len(report.accounts)) == ("complete", count)


async def test_a_key_of_another_environment_is_refused(desk: Desk) -> None:
    assert (await desk.sync(await desk.connect("demo"))).outcome == "needs_reauth"


async def test_an_ed25519_key_signs_in_place_of_a_secret() -> None:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    desk = open_desk()
    user_of(desk).keys = {"k1": private.public_key()}
    book_spot(desk, 3)
    assert (await desk.sync(await desk.connect(secret=pem))).rows == 3


async def test_a_secret_of_another_key_is_refused_with_what_to_do(desk: Desk) -> None:
    report = await desk.sync(await desk.connect(secret="other"))
    assert (report.outcome, "secret does not belong" in report.reason) == ("needs_reauth", True)


async def test_funding_is_an_event_of_its_own(desk: Desk, connection: Connection) -> None:
    book_futures(desk, 1)
    told = {"at": START - HOUR, "symbol": "BTCUSDT"}
    desk.world.income(user_of(desk), "FUNDING_FEE", Decimal("-0.0451"), **told)
    report = await desk.sync(connection)
    (event,) = [row.row for row in desk.rows() if isinstance(row.row, AccountEvent)]
    assert (event.type, event.amount, event.root) == (
        EventType.FINANCING,
        Decimal("-0.0451"),
        "BTCUSDT",
    )
    assert report.accounts[-1].ignored == 1  # the commission, which its trade tells


async def test_the_ledger_decides_what_a_negative_commission_means(
    desk: Desk, connection: Connection
) -> None:
    fee = (Decimal("-0.078"), "USDT")
    at = START - HOUR
    desk.world.contract(user_of(desk), "BTCUSDT", "BUY", COIN, price=PRICE, at=at, fee=fee)
    user_of(desk).incomes[0]["income"] = "-0.078"
    await desk.sync(connection)
    (fill,) = [row.row for row in desk.rows() if isinstance(row.row, Execution)]
    assert fill.fees[0].amount == Decimal("0.078")


async def test_more_trades_in_one_millisecond_than_an_answer_has_are_all_read() -> None:
    desk = open_desk(of_pages(10))
    book_futures(desk, 35, every=timedelta())
    book_futures(desk, 5, START - timedelta(minutes=5))
    await desk.sync(await desk.connect())
    await desk.store_all()
    assert len(await desk.log()) == 40


async def test_a_contract_that_ends_is_of_its_pair(desk: Desk, connection: Connection) -> None:
    more = {"price": PRICE, "at": START - HOUR}
    desk.world.contract(user_of(desk), "BTCUSDT_260626", "BUY", COIN, **more)
    await desk.sync(connection)
    (row,) = desk.rows()
    assert (row.row.symbol, row.row.root) == ("BTCUSDT_260626", "BTCUSDT")


async def test_a_contract_without_fees_is_known_from_its_position(
    desk: Desk, connection: Connection
) -> None:
    more = {"price": PRICE, "at": START - HOUR, "in_ledger": False}
    desk.world.contract(user_of(desk), "BTCUSDT", "BUY", COIN, **more)
    assert (await desk.sync(connection)).rows == 1
    desk.world.contract(user_of(desk), "BTCUSDT", "SELL", COIN, **{**more, "at": START + HOUR})
    await again(desk, connection, 2 * HOUR)
    assert len(await desk.log()) == 2


async def test_a_delisted_contract_is_left_out_and_told(desk: Desk, connection: Connection) -> None:
    book_futures(desk, 1)
    await desk.sync(connection)
    desk.world.contracts = []
    report = await again(desk, connection)
    ended = {one.account_id[-4:]: (one.outcome, one.ignored) for one in report.accounts}
    assert ended["usdm"] == ("complete", 2)  # and the commission


async def test_what_is_signed_is_never_asked_of_a_public_question(
    desk: Desk, connection: Connection
) -> None:
    await desk.sync(connection)
    (call,) = calls(desk, "/api/v3/exchangeInfo")
    assert call.raw_query == ""


async def test_no_secret_is_in_any_question(desk: Desk, connection: Connection) -> None:
    await desk.sync(connection)
    assert not [call for call in desk.world.calls if "s1" in call.raw_query.split("=")]


FAULTS = {
    "none": None,
    "down": faults.html_503(),
    "no answer": faults.timeout(),
    "limited": faults.status(429, {"Retry-After": "900"}),
    "other shape": faults.body({"rows": []}),
}
STEPS = st.lists(
    st.tuples(
        st.integers(1, 5000),  # minutes that pass
        st.lists(st.sampled_from(["BTCUSDT", "ETHUSDT", "ETHBTC", "futures"]), max_size=12),
        st.sampled_from(sorted(FAULTS)),
        st.integers(0, 4),  # questions for trades that go right before it
        st.sampled_from([480.0, 15.0]),  # budget
    ),
    min_size=1,
    max_size=5,
)


async def settle(desk: Desk, connection: Connection) -> None:
    """Sync until nothing is left to continue."""
    desk.bus.take("sync-binance")
    with suppress(RetryableError):
        report = await desk.sync(connection)
        while report.outcome == "continued":
            report = await desk.sync(connection, reason="continue")
    await desk.store_all()


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_every_fill_is_in_the_log_exactly_once(steps: list[Any]) -> None:
    async def trade() -> tuple[int, int]:
        desk = Desk(
            spec=of_pages(3), make_world=BinanceWorld, environment="live", credentials=LOGIN
        )
        user = desk.world.add_user(UID, "k1", "s1")
        connection = await desk.connect()
        for minutes, symbols, fault, skip, budget_s in steps:
            desk.clock.advance(timedelta(minutes=minutes))
            more = {"price": PRICE, "at": desk.clock.now()}  # equal twins are two fills
            for symbol in symbols:
                if symbol == "futures":
                    desk.world.contract(user, "BTCUSDT", "BUY", COIN, **more)
                else:
                    desk.world.fill(user, symbol, "BUY", COIN, **more)
            desk.world.faults = faults.Faults()
            if FAULTS[fault]:
                for path in (TRADES, CONTRACTS):
                    desk.world.faults.plan(FAULTS[fault], path=path, skip=skip, times=2)
            desk.budget_s = budget_s
            await settle(desk, connection)
        desk.budget_s, desk.world.faults = 480.0, faults.Faults()
        desk.clock.advance(timedelta(hours=1))  # once nothing goes wrong, one sync is enough
        await settle(desk, connection)
        return len(await desk.log()), sum(len(symbols) for _, symbols, *_ in steps)

    stored, booked = asyncio.run(trade())
    assert stored == booked


TRADED = st.lists(
    st.tuples(
        st.sampled_from(["BTCUSDT", "ETHUSDT", "BOTH", "LONG", "SHORT"]),
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 9),
        st.sampled_from(["coin", "quote", "other"]),
    ),
    max_size=20,
)


@settings(max_examples=25, deadline=None)
@given(TRADED)
def test_whatever_is_traded_adds_up_to_what_is_held(trades: list[Any]) -> None:
    async def trade() -> None:
        desk = open_desk()
        user, connection = user_of(desk), await desk.connect()
        for name, side, quantity, taken in trades:
            more: dict[str, Any] = {"price": PRICE, "at": START - HOUR}
            if name in {"BOTH", "LONG", "SHORT"}:
                more["position_side"] = name
                desk.world.contract(user, "BTCUSDT", side, Decimal(quantity), **more)
            else:
                fees = {"coin": name.removesuffix("USDT"), "quote": "USDT", "other": "BNB"}
                more["fee"] = (Decimal("0.001"), fees[taken])
                desk.world.fill(user, name, side, Decimal(quantity), **more)
        await desk.sync(connection)
        spot, futures = defaultdict[str, Decimal](Decimal), defaultdict[str, Decimal](Decimal)
        for row in desk.rows():
            if isinstance(fill := row.row, Execution):
                of = spot if fill.execution_id.startswith("spot") else futures
                of[fill.symbol] += fill.signed_quantity - fill.units_taken
        coins = desk.world.held(user)
        for symbol in ("BTCUSDT", "ETHUSDT"):
            assert spot[symbol] == coins.get(symbol.removesuffix("USDT"), 0)
        sides = {side: held.quantity for (_, side), held in user.positions(START).items()}
        for side, held in sides.items():
            assert futures["BTCUSDT" if side == "BOTH" else f"BTCUSDT:{side}"] == held

    asyncio.run(trade())
