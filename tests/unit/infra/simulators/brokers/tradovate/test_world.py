import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.simulators.brokers.tradovate.world import TradovateWorld
from infra.simulators.brokers.wire import Answer, Call
from tests.twins.manual_clock import ManualClock

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
HOST = "demo.tradovateapi.com"
LOGIN = {"name": "jdoe", "password": "p-1", "cid": 8123, "sec": "s-1", "appId": "x"}
JSON = {"content-type": "application/json"}


class Client:
    """Somebody who asks the simulator, logged in at once."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.world = TradovateWorld(self.clock.now)
        self.world.add_login("jdoe", "p-1", cid=8123, secret="s-1")
        opened_at = START - timedelta(days=30)
        self.account = self.world.add_account("jdoe", account_id=7, name="D7", opened_at=opened_at)
        self.token = self.post("/v1/auth/accesstokenrequest", LOGIN)["accessToken"]

    def call(self, method: str, path: str, body: bytes = b"", **more: Any) -> Answer:
        headers = {**JSON, "authorization": f"Bearer {getattr(self, 'token', '')}"}
        headers |= more.pop("headers", {})
        return self.world.handle(Call(method, HOST, path, more.pop("query", {}), headers, body))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return json.loads(self.call("POST", path, json.dumps(body).encode()).body)

    def get(self, path: str, **query: Any) -> Any:
        shown = {name: str(value) for name, value in query.items()}
        return json.loads(self.call("GET", path, query=shown).body)

    def fill(self, side: str = "buy", size: int = 1, **more: Any) -> int:
        settings = {"price": Decimal(100), "at": self.clock.now(), **more}
        return self.world.fill(self.account, "MNQM6", side, size, **settings)


@pytest.fixture
def client() -> Client:
    return Client()


def test_wrong_credentials_are_refused_with_200(client: Client) -> None:
    for change in ({"name": "x"}, {"password": "x"}, {"cid": 1}, {"sec": "x"}):
        told = client.post("/v1/auth/accesstokenrequest", {**LOGIN, **change})
        assert (list(told), told["errorText"][:9]) == (["errorText"], "Incorrect")


def test_a_form_and_another_case_are_taken_too(client: Client) -> None:
    body = urlencode(LOGIN).encode()
    form = {"content-type": "application/x-www-form-urlencoded"}
    found = client.call("POST", "/v1/auth/accessTokenRequest", body, headers=form)
    assert "accessToken" in json.loads(found.body)


def test_without_a_token_nothing_is_told(client: Client) -> None:
    client.token = "made-up"
    found = client.call("GET", "/v1/account/list")
    assert (found.status, found.body) == (401, b"Access is denied")


def test_a_token_ends_and_is_renewed_before_that(client: Client) -> None:
    client.clock.advance(timedelta(minutes=79))
    client.token = client.get("/v1/auth/renewaccesstoken")["accessToken"]
    client.clock.advance(timedelta(minutes=79))
    assert client.get("/v1/auth/me")["name"] == "jdoe"
    client.clock.advance(timedelta(minutes=1))
    assert client.call("GET", "/v1/auth/renewaccesstoken").status == 401


def test_a_third_session_closes_the_first(client: Client) -> None:
    for _ in range(2):
        assert client.call("GET", "/v1/auth/me").status == 200
        client.post("/v1/auth/accesstokenrequest", LOGIN)
    assert client.call("GET", "/v1/auth/me").status == 401


def test_lists_forget_and_items_and_ledgers_do_not(client: Client) -> None:
    fill_id = client.fill()
    assert [row["id"] for row in client.get("/v1/fill/list")] == [fill_id]
    client.world.sessions.life = timedelta(days=9)
    client.token = client.get("/v1/auth/renewaccesstoken")["accessToken"]
    client.clock.advance(timedelta(days=1))
    for kind in ("fill", "order", "fillFee"):
        assert client.get(f"/v1/{kind}/list") == []
    assert client.get("/v1/fill/items", ids=fill_id)[0]["qty"] == 1
    ledger = client.get("/v1/cashBalanceLog/deps", masterid=7)
    assert sum(row.get("fillId") == fill_id for row in ledger) == 4


def test_a_fill_names_neither_account_nor_symbol(client: Client) -> None:
    client.fill()
    (row,) = client.get("/v1/fill/list")
    assert set(row) & {"accountId", "symbol", "name"} == set()
    assert client.get("/v1/fill/deps", masterid=row["orderId"]) == [row]
    assert client.get("/v1/fill/ldeps", masterids=7) == []  # its master is the order


def test_each_line_of_a_ledger_says_the_balance_after_it(client: Client) -> None:
    client.fill()
    client.fill("sell", price=Decimal(110))
    lines = client.get("/v1/cashBalanceLog/deps", masterid=7)
    balance = 0.0
    for line in lines:
        balance = round(balance + line["delta"], 2)
        assert line["amount"] == balance
    assert [line["delta"] for line in lines if line["cashChangeType"] == "TradePaired"] == [20.0]


def test_a_pair_names_both_fills(client: Client) -> None:
    bought, sold = client.fill(size=2, fees=False), client.fill("sell", fees=False)
    (pair,) = client.get("/v1/fillPair/list")
    assert (pair["buyFillId"], pair["sellFillId"], pair["qty"]) == (bought, sold, 1)
    lines = client.get("/v1/cashBalanceLog/deps", masterid=7)
    assert [line.get("fillPairId") for line in lines] == [None, pair["id"]]


def test_positions_tell_what_was_held_before_the_session(client: Client) -> None:
    client.fill(size=3, at=START - timedelta(days=3))
    client.fill("sell")
    (row,) = client.get("/v1/position/list")
    found = [row[name] for name in ("netPos", "prevPos", "bought", "sold", "netPrice")]
    assert found == [2, 3, 0, 1, 100.0]


def test_unknown_ids_are_left_out_or_spoil_the_answer(client: Client) -> None:
    fill_id = client.fill()
    assert len(client.get("/v1/fill/items", ids=f"{fill_id},1")) == 1
    client.world.strict_items = True
    assert client.call("GET", "/v1/fill/items", query={"ids": f"{fill_id},1"}).status == 404
    assert client.get("/v1/fill/items")["violations"][0]["constraint"] == "ids"


def test_answers_are_cut_without_a_word(client: Client) -> None:
    for _ in range(5):
        client.fill()
    client.world.cap = 4
    assert len(client.get("/v1/fill/list")) == 4


def test_a_penalty_takes_its_ticket_after_its_time(client: Client) -> None:
    client.world.penalize("/v1/fill/list")
    told = client.get("/v1/fill/list")
    ticket = {"p-ticket": told["p-ticket"]}
    assert (told["p-time"], told["p-captcha"]) == (15, False)
    assert "errorText" in client.get("/v1/fill/list", **ticket)
    client.clock.advance(timedelta(seconds=15))
    assert "errorText" in client.get("/v1/order/list", **ticket)
    assert client.get("/v1/fill/list", **ticket) == []


def test_too_many_questions_bring_an_hour_of_silence(client: Client) -> None:
    client.world.sessions.requests_a_minute = 1
    statuses = [client.call("GET", "/v1/auth/me").status for _ in range(2)]
    client.clock.advance(timedelta(minutes=59))
    assert [*statuses, client.call("GET", "/v1/auth/me").status] == [200, 429, 429]
    client.clock.advance(timedelta(minutes=1))
    assert client.call("GET", "/v1/auth/me").status == 200


def test_an_old_host_sends_on_with_path_and_query(client: Client) -> None:
    client.world.moved = {HOST: "https://new.tradovateapi.com"}
    found = client.call("GET", "/v1/fill/items", query={"ids": "1"})
    location = found.headers["location"]
    assert (found.status, location) == (307, "https://new.tradovateapi.com/v1/fill/items?ids=1")


def test_a_kind_that_a_key_may_not_read_is_denied_alone(client: Client) -> None:
    client.world.closed.add("fillFee")
    assert client.call("GET", "/v1/fillFee/list").status == 401
    assert client.call("GET", "/v1/fill/list").status == 200


def test_a_bust_is_told_by_a_report_and_leaves_the_position(client: Client) -> None:
    fill_id = client.fill()
    client.world.bust(fill_id)
    (report,) = client.get("/v1/executionReport/list")
    assert (report["execType"], report["execRefId"]) == ("TradeCancel", str(fill_id))
    assert client.get("/v1/fill/list")[0]["active"] is False
    assert client.get("/v1/position/list") == []


def test_a_refused_account_is_told_in_words(client: Client) -> None:
    client.account.refused = True
    told = client.get("/v1/cashBalanceLog/deps", masterid=7)
    assert told == {"errorText": "Account is not found"}
    asked = {"accountId": 7}
    assert "errorText" in client.post("/v1/cashBalance/getcashbalancesnapshot", asked)


@pytest.mark.parametrize("path", ["/v1/nothing/list", "/v1/fill/all", "/v2/fill/list", "/"])
def test_unknown_routes_are_not_found(client: Client, path: str) -> None:
    assert client.call("GET", path).status == 404
