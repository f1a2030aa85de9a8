"""Raw calls of the contract against the simulator's HTTP door: no client of Tradovate is usable.

(`tradovate` 0.0.1 logs in by a form at a fixed address and needs Redis, `tradovatepy` 0.2 is an
empty wheel.)
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.tradovate.world import TradovateWorld
from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import Request
from shared.brokers.tradovate.login import SCHEME
from shared.brokers.tradovate.spec import SPEC
from tests.brokers.tradovate.setup import CREDENTIALS
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

NOW = datetime(2026, 6, 15, 14, 0, tzinfo=UTC)
LOGIN = {"name": "jdoe", "password": "API-pass-1", "appId": "Daybias", "cid": 8123, "sec": "0f3c"}


@pytest.fixture(scope="module")
def world() -> TradovateWorld:
    world = TradovateWorld(lambda: NOW)
    world.add_login("jdoe", "API-pass-1", cid=8123, secret="0f3c")
    account = world.add_account("jdoe", account_id=7, name="D7", opened_at=NOW - timedelta(days=9))
    for minutes, side in ((30, "buy"), (20, "sell")):
        at = NOW - timedelta(minutes=minutes)
        world.fill(account, "ESM6", side, 1, price=Decimal("7494.25"), at=at)
    return world


@pytest.fixture(scope="module")
def url(world: TradovateWorld) -> Iterator[str]:
    with serve(world.handle) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        told = client.post("/v1/auth/accesstokenrequest", json=LOGIN).json()
        client.headers["Authorization"] = f"Bearer {told['accessToken']}"
        yield client


def ids(rows: list[dict[str, Any]], name: str = "id") -> str:
    return ",".join(str(row[name]) for row in rows)


def test_a_form_is_taken_at_login_as_well(client: httpx.Client) -> None:
    form = {name: str(value) for name, value in LOGIN.items()}
    told = client.post("/v1/auth/accessTokenRequest", data=form).json()
    assert told["expirationTime"] == "2026-06-15T15:20:00.000Z"


def test_a_bad_login_is_a_200(client: httpx.Client) -> None:
    found = client.post("/v1/auth/accesstokenrequest", json={**LOGIN, "sec": "x"})
    assert (found.status_code, "errorText" in found.json()) == (200, True)


def test_a_token_is_renewed_by_a_get(client: httpx.Client) -> None:
    assert client.get("/v1/auth/renewaccesstoken").json()["accessToken"].startswith("tok_")
    assert client.get("/v1/auth/me").json()["name"] == "jdoe"


def test_a_fill_is_followed_to_its_account_fee_and_point_value(client: httpx.Client) -> None:
    fills = client.get("/v1/fill/list").json()
    orders = client.get("/v1/order/items", params={"ids": ids(fills, "orderId")}).json()
    fees = client.get("/v1/fillFee/items", params={"ids": ids(fills)}).json()
    contracts = client.get("/v1/contract/items", params={"ids": ids(fills, "contractId")}).json()
    months = client.get(
        "/v1/contractMaturity/items", params={"ids": ids(contracts, "contractMaturityId")}
    ).json()
    (product,) = client.get("/v1/product/items", params={"ids": ids(months, "productId")}).json()
    assert {row["accountId"] for row in orders} == {7}
    assert [row["commission"] for row in fees] == [1.29, 1.29]
    assert (contracts[0]["name"], months[0]["expirationMonth"]) == ("ESM6", 202606)
    assert product["valuePerPoint"] == 50.0


def test_the_ledger_names_fills_and_ends_at_the_balance(client: httpx.Client) -> None:
    lines = client.get("/v1/cashBalanceLog/deps", params={"masterid": 7}).json()
    named = {line["fillId"] for line in lines if "fillId" in line}
    cash = client.post("/v1/cashBalance/getcashbalancesnapshot", json={"accountId": 7}).json()
    assert len(client.get("/v1/fill/items", params={"ids": ",".join(map(str, named))}).json()) == 2
    assert lines[-1]["amount"] == cash["totalCashValue"]


def test_an_unknown_route_and_a_missing_token_are_told(client: httpx.Client) -> None:
    assert client.get("/v1/nothing/list").status_code == 404
    found = client.get("/v1/fill/list", headers={"Authorization": "Bearer x"})
    assert (found.status_code, found.text) == (401, "Access is denied")


def test_an_old_door_sends_on_to_another_port(world: TradovateWorld, url: str) -> None:
    old = TradovateWorld(lambda: NOW, moved={"127.0.0.1": url})
    with serve(old.handle) as old_url, httpx.Client(trust_env=False) as client:
        found = client.get(f"{old_url}/v1/fill/list")
        assert (found.status_code, found.headers["location"]) == (307, f"{url}/v1/fill/list")


async def test_the_engine_asks_through_the_door(url: str) -> None:
    renewal = SCHEME.renewal
    assert renewal is not None
    assert renewal.anew is not None
    transport = httpx.AsyncHTTPTransport()
    async with transport, Session(url, {}, transport) as session:
        client = BrokerClient(SPEC, session, ManualClock(NOW), SeededEntropy(), deadline=1e9)
        kept = renewal.read(await client.ask(renewal.anew.request(CREDENTIALS)), NOW)
        client.shown = SCHEME.headers(kept)
        fills = await client.ask(Request("/v1/fill/list"))
    assert [row["price"] for row in fills] == [Decimal("7494.25")] * 2
