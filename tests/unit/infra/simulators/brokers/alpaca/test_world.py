"""The simulator is held to Alpaca's documents, so that it is not our own opinion of itself."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from infra.simulators.brokers import faults
from infra.simulators.brokers.alpaca.account import Account
from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Answer, Call

NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
KEYS = {"apca-api-key-id": "PK1", "apca-api-secret-key": "s1"}
PATH = "/v2/account/activities"


@pytest.fixture
def world() -> AlpacaWorld:
    return AlpacaWorld(lambda: NOW)


@pytest.fixture
def account(world: AlpacaWorld) -> Account:
    return world.add_account(
        account_id="a-1", number="PA1", key="PK1", secret="s1", oauth_token="t1"
    )


def ask(world: AlpacaWorld, path: str, headers: dict[str, str] = KEYS, **query: str) -> Answer:
    return world.handle(Call("GET", "127.0.0.1", path, query, headers))


def rows(world: AlpacaWorld, path: str = PATH, **query: str) -> list[Any]:
    answered = ask(world, path, **query)
    assert answered.status == 200, answered.body
    found: list[Any] = json.loads(answered.body)
    return found


def fill(world: AlpacaWorld, account: Account, at: datetime, **more: Any) -> str:
    more = {"symbol": "SPY", "side": "buy", "qty": Decimal(1), "price": Decimal(300), **more}
    return world.fill(account, at=at, **more)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**KEYS, "apca-api-secret-key": "wrong"},
        {"authorization": "Bearer wrong"},
        {"authorization": "Basic t1"},
    ],
)
def test_a_wrong_login_is_refused(
    world: AlpacaWorld, account: Account, headers: dict[str, str]
) -> None:
    answered = ask(world, "/v2/account", headers)
    assert (answered.status, json.loads(answered.body)["code"]) == (401, 40110000)


def test_a_paper_key_does_not_work_on_the_live_host(world: AlpacaWorld, account: Account) -> None:
    hosts = ("api.alpaca.markets", "paper-api.alpaca.markets")
    codes = [world.handle(Call("GET", h, "/v2/account", {}, KEYS)).status for h in hosts]
    assert codes == [401, 200]


def test_a_revoked_login_is_refused(world: AlpacaWorld, account: Account) -> None:
    world.revoke(account)
    assert ask(world, "/v2/account").status == 401


def test_both_ends_of_a_window_are_exclusive(world: AlpacaWorld, account: Account) -> None:
    for minutes in (3, 2, 1):
        fill(world, account, NOW - timedelta(minutes=minutes))
    found = rows(world, after="2026-03-16T13:57:00Z", until="2026-03-16T13:59:00Z")
    assert [row["transaction_time"] for row in found] == ["2026-03-16T13:58:00Z"]


def test_newest_first_is_the_default(world: AlpacaWorld, account: Account) -> None:
    older = fill(world, account, NOW - timedelta(minutes=2))
    newer = fill(world, account, NOW - timedelta(minutes=1))
    assert [row["id"] for row in rows(world)] == [newer, older]
    assert [row["id"] for row in rows(world, direction="asc")] == [older, newer]


def test_pages_follow_the_last_id(world: AlpacaWorld, account: Account) -> None:
    ids = [fill(world, account, NOW - timedelta(minutes=9 - i)) for i in range(5)]
    first = rows(world, direction="asc", page_size="3")
    rest = rows(world, direction="asc", page_size="3", page_token=first[-1]["id"])
    assert [row["id"] for row in first + rest] == ids


def test_the_skipping_defect_leaves_out_the_page_edges_millisecond(
    world: AlpacaWorld, account: Account
) -> None:
    world.skips_same_ms = True
    for _ in range(3):
        fill(world, account, NOW - timedelta(minutes=1))
    (first,) = rows(world, page_size="1")
    assert rows(world, page_token=first["id"]) == []


def test_an_id_begins_with_new_york_local_time(world: AlpacaWorld, account: Account) -> None:
    made = fill(world, account, datetime(2022, 2, 2, 18, 55, 9, 981_000, tzinfo=UTC))
    assert made.startswith("20220202135509981::")


def test_a_row_is_not_seen_before_its_time(world: AlpacaWorld, account: Account) -> None:
    fill(world, account, NOW + timedelta(seconds=1))
    fill(world, account, NOW - timedelta(hours=1), visible_at=NOW + timedelta(seconds=1))
    assert (rows(world), world.positions(account)) == ([], {})


def test_one_orders_fills_can_be_asked_for(world: AlpacaWorld, account: Account) -> None:
    at = NOW - timedelta(minutes=1)
    parts = [(Decimal(60), Decimal(178), at), (Decimal(40), Decimal(178), at)]
    order_id = world.order(account, "AAPL", "buy", parts)
    fill(world, account, at)
    found = sorted(rows(world, order_id=order_id), key=lambda row: int(row["cum_qty"]))
    assert [(r["cum_qty"], r["leaves_qty"], r["type"]) for r in found] == [
        ("60", "40", "partial_fill"),
        ("100", "0", "fill"),
    ]


def test_types_and_categories_select_rows(world: AlpacaWorld, account: Account) -> None:
    fill(world, account, NOW)
    world.fee(account, on=NOW.date(), subtype="REG", amount=Decimal("0.04"), created_at=NOW)
    assert [r["activity_type"] for r in rows(world, f"{PATH}/FILL")] == ["FILL"]
    assert [r["activity_type"] for r in rows(world, activity_types="FEE")] == ["FEE"]
    assert [r["activity_type"] for r in rows(world, category="trade_activity")] == ["FILL"]
    assert len(rows(world, date="2026-03-16")) == 2


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (PATH, {"after": "yesterday"}),
        (PATH, {"date": "2026-03-16", "after": "2026-03-16"}),
        (PATH, {"page_size": "101"}),
        (PATH, {"page_size": "0"}),
        (PATH, {"direction": "up"}),
        (PATH, {"page_token": "nobody"}),
        (PATH, {"activity_types": "FFFFF"}),
        (PATH, {"category": "trade_activity", "activity_types": "FILL"}),
        (f"{PATH}/FILL", {"activity_types": "FEE"}),
    ],
)
def test_a_wrong_parameter_is_refused(
    world: AlpacaWorld, account: Account, path: str, query: dict[str, str]
) -> None:
    answered = ask(world, path, **query)
    assert (answered.status, json.loads(answered.body)["code"]) == (422, 40010001)


def test_positions_follow_from_fills_through_flat(world: AlpacaWorld, account: Account) -> None:
    steps = [("buy", "10", "100"), ("buy", "10", "110"), ("sell", "25", "120"), ("sell", "5", "90")]
    for i, (side, qty, price) in enumerate(steps):
        at = NOW - timedelta(minutes=9 - i)
        fill(world, account, at, side=side, qty=Decimal(qty), price=Decimal(price))
    (held,) = rows(world, "/v2/positions")
    assert (held["qty"], held["avg_entry_price"], held["side"]) == ("-10", "105", "short")


def test_a_flat_symbol_has_no_position(world: AlpacaWorld, account: Account) -> None:
    for side in ("buy", "sell"):
        fill(world, account, NOW, side=side)
    assert rows(world, "/v2/positions") == []
    assert ask(world, "/v2/positions/SPY").status == 404


def test_cash_and_equity_add_up(world: AlpacaWorld, account: Account) -> None:
    fill(world, account, NOW, qty=Decimal("2.5"), price=Decimal("300.10"))
    world.fee(account, on=NOW.date(), subtype="REG", amount=Decimal("0.04"), created_at=NOW)
    body = json.loads(ask(world, "/v2/account").body)
    assert (body["cash"], body["equity"]) == ("99249.71", "99999.96")


def test_a_code_is_exchanged_for_a_token_once(world: AlpacaWorld, account: Account) -> None:
    world.consent(account, "code-1")
    form = urlencode({"grant_type": "authorization_code", "code": "code-1"}).encode()
    call = Call("POST", "127.0.0.1", "/oauth/token", {}, {}, form)
    first, second = world.handle(call), world.handle(call)
    token = json.loads(first.body)["access_token"]
    assert (token, second.status) == ("t1", 401)
    assert ask(world, "/v2/account", {"authorization": f"Bearer {token}"}).status == 200


def test_an_unknown_path_is_not_found(world: AlpacaWorld, account: Account) -> None:
    assert ask(world, "/v2/nothing").status == 404


def test_a_fault_happens_when_it_was_planned(world: AlpacaWorld, account: Account) -> None:
    world.faults.plan(faults.status(500), path=PATH, skip=1, times=2)
    codes = [ask(world, path).status for path in ("/v2/account", PATH, PATH, PATH, PATH)]
    assert codes == [200, 200, 500, 500, 200]


async def test_the_door_in_process_loses_and_cuts_answers(
    world: AlpacaWorld, account: Account
) -> None:
    transport = SimulatorTransport(world.handle)
    async with httpx.AsyncClient(transport=transport, base_url="http://b", headers=KEYS) as client:
        world.faults.plan(faults.timeout())
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/v2/account")
        world.faults.plan(faults.cut_body())
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v2/account")
        assert (await client.get("/v2/account")).json()["id"] == "a-1"


async def test_the_http_door_answers_and_cuts_like_the_one_in_process(
    world: AlpacaWorld, account: Account
) -> None:
    with serve(world.handle) as url:
        async with httpx.AsyncClient(base_url=url, headers=KEYS, trust_env=False) as client:
            assert (await client.get("/v2/account")).json()["id"] == "a-1"
            world.faults.plan(faults.cut_body())
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get("/v2/account")
            world.faults.plan(faults.timeout())
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get("/v2/account")
            assert (await client.get("/v2/positions")).json() == []
