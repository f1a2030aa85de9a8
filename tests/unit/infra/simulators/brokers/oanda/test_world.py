"""The simulator is held to OANDA's documents, so that it is not our own opinion of itself."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from infra.simulators.brokers.oanda.account import Account
from infra.simulators.brokers.oanda.world import OandaWorld
from infra.simulators.brokers.wire import Answer, Call

NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ID = "101-004-9990417-001"
BASE = f"/v3/accounts/{ID}"


@pytest.fixture
def world() -> OandaWorld:
    return OandaWorld(lambda: NOW)


@pytest.fixture
def account(world: OandaWorld) -> Account:
    return world.add_account(account_id=ID, token="t1", opened_at=NOW - timedelta(days=300))


def ask(world: OandaWorld, path: str, token: str = "t1", **query: str) -> Answer:
    headers = {"authorization": f"Bearer {token}"}
    return world.handle(Call("GET", "127.0.0.1", path, query, headers))


def body(world: OandaWorld, path: str, **query: str) -> Any:
    answered = ask(world, path, **query)
    assert answered.status == 200, answered.body
    return json.loads(answered.body)


def ids(world: OandaWorld, name: str, **query: str) -> list[str]:
    found = body(world, f"{BASE}/transactions/{name}", **query)["transactions"]
    return [row["id"] for row in found]


def trade(world: OandaWorld, account: Account, units: str, price: str, **more: Any) -> str:
    at = more.pop("at", NOW - timedelta(hours=1))
    return world.fill(account, "EUR_USD", Decimal(units), price=Decimal(price), at=at, **more)


def fill_of(world: OandaWorld, number: str) -> Any:
    return body(world, f"{BASE}/transactions/{number}")["transaction"]


def test_a_wrong_token_is_refused(world: OandaWorld, account: Account) -> None:
    answered = ask(world, "/v3/accounts", token="wrong")
    assert (answered.status, json.loads(answered.body)) == (
        401,
        {"errorMessage": "Insufficient authorization to perform request."},
    )


def test_a_practice_token_does_not_work_on_the_live_host(
    world: OandaWorld, account: Account
) -> None:
    headers = {"authorization": "Bearer t1"}
    hosts = ("api-fxtrade.oanda.com", "api-fxpractice.oanda.com")
    calls = [Call("GET", host, "/v3/accounts", {}, headers) for host in hosts]
    assert [world.handle(call).status for call in calls] == [401, 200]


def test_a_new_token_revokes_the_old_one(world: OandaWorld, account: Account) -> None:
    world.renew("t1", "t2")
    assert [ask(world, "/v3/accounts", token=t).status for t in ("t1", "t2")] == [401, 200]


def test_a_token_lists_all_its_accounts(world: OandaWorld, account: Account) -> None:
    world.add_account(account_id="101-004-9990417-003", token="t1", mt4_id=80001234)
    world.add_account(account_id="101-004-5550000-001", token="t9")
    assert body(world, "/v3/accounts") == {
        "accounts": [
            {"id": ID, "tags": []},
            {"id": "101-004-9990417-003", "tags": ["MT4"], "mt4AccountID": 80001234},
        ]
    }


def test_a_closed_account_is_listed_no_more(world: OandaWorld, account: Account) -> None:
    other = world.add_account(account_id="101-004-9990417-002", token="t1")
    world.close(other)
    assert [row["id"] for row in body(world, "/v3/accounts")["accounts"]] == [ID]


def test_one_account_may_be_forbidden_while_others_work(
    world: OandaWorld, account: Account
) -> None:
    world.add_account(account_id="101-004-9990417-002", token="t1", forbidden=True)
    statuses = [ask(world, f"/v3/accounts/101-004-9990417-00{n}/summary").status for n in (1, 2, 9)]
    assert statuses == [200, 403, 404]


def test_the_transaction_list_gives_pages_and_no_transactions(
    world: OandaWorld, account: Account
) -> None:
    trade(world, account, "100", "1.1")
    found = body(world, f"{BASE}/transactions", type="ORDER_FILL")
    assert (found["count"], "transactions" in found) == (1, False)
    (page,) = map(urlsplit, found["pages"])
    assert (page.hostname, page.path) == (
        "api-fxpractice.oanda.com",
        f"{BASE}/transactions/idrange",
    )
    assert dict(parse_qsl(page.query)) == {"from": "1", "to": "2", "type": "ORDER_FILL"}


def test_pages_span_ids_whatever_the_filter_leaves_of_them(
    world: OandaWorld, account: Account
) -> None:
    for _ in range(1062):
        trade(world, account, "1", "1.1")
    found = body(world, f"{BASE}/transactions", type="DAILY_FINANCING")
    assert (len(found["pages"]), found["count"]) == (22, 0)


@pytest.mark.parametrize("edge", ["from", "to"])
def test_both_ends_of_a_window_are_inclusive(
    world: OandaWorld, account: Account, edge: str
) -> None:
    at = NOW - timedelta(hours=1)
    trade(world, account, "1", "1.1", at=at)
    assert body(world, f"{BASE}/transactions", **{edge: at.isoformat()})["count"] == 2


@pytest.mark.parametrize(("days", "status"), [(365, 200), (366, 400)], ids=["a year", "a day more"])
def test_a_window_has_at_most_365_days(
    world: OandaWorld, account: Account, days: int, status: int
) -> None:
    since = (NOW - timedelta(days=days)).isoformat()
    assert ask(world, f"{BASE}/transactions", **{"from": since}).status == status


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"pageSize": "0"},
        {"pageSize": "1001"},
        {"pageSize": "x"},
        {"type": "['ORDER_FILL']"},
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    world: OandaWorld, account: Account, query: dict[str, str]
) -> None:
    answered = ask(world, f"{BASE}/transactions", **query)
    (name,) = query
    assert (answered.status, f"'{name}'" in answered.body.decode()) == (400, True)


def test_an_id_range_has_both_its_ends(world: OandaWorld, account: Account) -> None:
    for _ in range(3):
        trade(world, account, "1", "1.1")
    assert ids(world, "idrange", **{"from": "2", "to": "4"}) == ["2", "3", "4"]
    assert ids(world, "idrange", **{"from": "2", "to": "4"}, type="ORDER_FILL") == ["2", "4"]


@pytest.mark.parametrize(("low", "high"), [("3", "2"), ("1", "99")])
def test_a_range_beyond_the_book_is_refused(
    world: OandaWorld, account: Account, low: str, high: str
) -> None:
    trade(world, account, "1", "1.1")
    answered = ask(world, f"{BASE}/transactions/idrange", **{"from": low, "to": high})
    assert answered.status == 416


def test_since_id_is_exclusive_and_gives_a_thousand_at_once(
    world: OandaWorld, account: Account
) -> None:
    for _ in range(1250):
        trade(world, account, "1", "1.1")
    sizes, last = [], "0"
    while last != "2500":
        found = ids(world, "sinceid", id=last)
        sizes.append(len(found))
        last = found[-1]
    assert sizes == [1000, 1000, 500]


def test_rows_appear_when_their_time_has_come(world: OandaWorld, account: Account) -> None:
    trade(world, account, "1", "1.1", at=NOW + timedelta(seconds=1))
    assert ids(world, "sinceid", id="0") == []


def test_a_reversal_closes_and_opens_in_one_fill(world: OandaWorld, account: Account) -> None:
    trade(world, account, "10000", "1.08541")
    found = fill_of(world, trade(world, account, "-15000", "1.08700"))
    assert [leg["units"] for leg in (*found["tradesClosed"], found["tradeOpened"])] == [
        "-10000",
        "-5000",
    ]
    assert (found["pl"], world.positions(account)) == ("15.9000", {"EUR_USD": Decimal(-5000)})


def test_a_part_of_a_trade_is_reduced(world: OandaWorld, account: Account) -> None:
    trade(world, account, "-5000", "1.08700")
    found = fill_of(world, trade(world, account, "2000", "1.08910", reason="STOP_LOSS_ORDER"))
    assert (found["tradeReduced"]["units"], found["pl"]) == ("2000", "-4.2000")


def test_an_account_that_hedges_holds_both_sides(world: OandaWorld) -> None:
    account = world.add_account(account_id=ID, token="t1", hedging=True)
    trade(world, account, "100", "1.1")
    trade(world, account, "-40", "1.2")
    (position,) = body(world, f"{BASE}/openPositions")["positions"]
    assert (position["long"]["units"], position["short"]["units"]) == ("100", "-40")


def test_a_named_trade_is_closed_by_its_own_fill(world: OandaWorld) -> None:
    account = world.add_account(account_id=ID, token="t1", hedging=True)
    trade(world, account, "100", "1.1")
    second = trade(world, account, "50", "1.2")
    found = fill_of(world, trade(world, account, "-50", "1.3", closes=second))
    assert [leg["tradeID"] for leg in found["tradesClosed"]] == [second]


def test_a_flat_side_has_neither_price_nor_trades(world: OandaWorld, account: Account) -> None:
    trade(world, account, "100", "1.10000")
    trade(world, account, "300", "1.20000")
    (position,) = body(world, f"{BASE}/openPositions")["positions"]
    assert (position["long"]["averagePrice"], position["long"]["tradeIDs"]) == ("1.175", ["2", "4"])
    assert not {"averagePrice", "tradeIDs"} & set(position["short"])


def test_the_balance_follows_from_row_to_row(world: OandaWorld, account: Account) -> None:
    at = NOW - timedelta(minutes=30)
    trade(world, account, "10000", "1.08541")
    trade(
        world,
        account,
        "-10000",
        "1.08700",
        commission=Decimal("1.2"),
        financing=Decimal("-0.1519"),
    )
    world.financing(account, {"EUR_USD": Decimal("-0.07"), "DE30_EUR": Decimal("-0.24")}, at=at)
    world.transfer(account, Decimal(50), at=at)
    rows = body(world, f"{BASE}/transactions/sinceid", id="0")["transactions"]
    balances = [row["accountBalance"] for row in rows if "accountBalance" in row]
    assert balances == ["100000.0000", "100014.5481", "100014.2381", "100064.2381"]
    assert body(world, f"{BASE}/summary")["account"]["balance"] == balances[-1]


def test_every_answer_has_a_request_id_and_names_the_newest_row(
    world: OandaWorld, account: Account
) -> None:
    trade(world, account, "1", "1.1")
    answered = ask(world, f"{BASE}/openPositions")
    assert "RequestID" in answered.headers
    assert json.loads(answered.body)["lastTransactionID"] == "2"


def test_nothing_but_reading_is_offered(world: OandaWorld, account: Account) -> None:
    headers = {"authorization": "Bearer t1"}
    assert world.handle(Call("POST", "127.0.0.1", "/v3/accounts", {}, headers)).status == 405
    assert ask(world, f"{BASE}/nothing").status == 404


def test_links_name_the_caller_s_host_only_on_demand(world: OandaWorld, account: Account) -> None:
    trade(world, account, "1", "1.1")
    world.own_pages = True
    (page,) = body(world, f"{BASE}/transactions")["pages"]
    assert page.startswith(f"http://127.0.0.1{BASE}/transactions/idrange?")
