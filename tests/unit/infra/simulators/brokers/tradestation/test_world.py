import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from infra.simulators.brokers.tradestation.tokens import ApiKey
from infra.simulators.brokers.tradestation.world import TradeStationWorld, quota_spent
from infra.simulators.brokers.wire import Answer, Call
from tests.twins.manual_clock import ManualClock

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)  # a Monday, 10:00 in New York
SIGN_IN, LIVE = "signin.tradestation.com", "api.tradestation.com"


class Visitor:
    """A client of nobody's making: asks the world and reads bodies."""

    def __init__(self, *, rotating: bool = False) -> None:
        self.clock = ManualClock(START)
        self.world = TradeStationWorld(self.clock.now)
        self.key = self.world.add_key("key-1", "secret-1", rotating=rotating)
        self.refresh_token = self.world.sign_in(self.key)
        self.access = ""

    def post(self, **form: str) -> Answer:
        body = urlencode(form).encode()
        return self.world.handle(Call("POST", SIGN_IN, "/oauth/token", {}, {}, body))

    def refresh(self, token: str | None = None) -> Answer:
        answered = self.post(
            grant_type="refresh_token",
            client_id="key-1",
            client_secret="secret-1",
            refresh_token=token or self.refresh_token,
        )
        if answered.status == 200:
            self.access = json.loads(answered.body)["access_token"]
        return answered

    def ask(self, path: str, host: str = LIVE, **query: str) -> Answer:
        if not self.access:
            self.refresh()
        headers = {"authorization": f"Bearer {self.access}"}
        return self.world.handle(Call("GET", host, f"/v3/{path}", query, headers))

    def get(self, path: str, host: str = LIVE, **query: str) -> Any:
        answered = self.ask(path, host, **query)
        assert answered.status == 200, answered.body
        return json.loads(answered.body)

    def history(self, since: str = "2026-03-01", **query: str) -> Any:
        return self.get("brokerage/accounts/A1/historicalorders", since=since, **query)

    def today(self) -> list[Any]:
        orders: list[Any] = self.get("brokerage/accounts/A1/orders")["Orders"]
        return orders


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def book(visitor: Visitor, count: int) -> None:
    account = visitor.world.add_account("A1")
    for i in range(count):
        at = START - timedelta(days=1, minutes=i)
        visitor.world.fill(account, "SPY", "Buy", Decimal(1), price=Decimal(300), at=at)


def test_nothing_is_told_without_a_token_or_after_its_twenty_minutes(visitor: Visitor) -> None:
    visitor.refresh()
    visitor.clock.advance(timedelta(minutes=20))
    assert visitor.ask("brokerage/accounts").status == 401
    visitor.refresh()
    assert visitor.ask("brokerage/accounts").status == 200


def test_a_refresh_without_rotation_gives_no_new_refresh_token(visitor: Visitor) -> None:
    visitor.clock.advance(timedelta(days=400))
    assert "refresh_token" not in json.loads(visitor.refresh().body)


def test_a_used_rotating_token_ends_its_whole_sign_in() -> None:
    visitor = Visitor(rotating=True)
    newer = json.loads(visitor.refresh().body)["refresh_token"]
    reused = visitor.refresh(visitor.refresh_token)
    assert (reused.status, json.loads(reused.body)["error"]) == (403, "invalid_grant")
    assert visitor.refresh(newer).status == 403


def test_a_rotating_token_lives_half_an_hour() -> None:
    visitor = Visitor(rotating=True)
    visitor.clock.advance(timedelta(minutes=30))
    assert visitor.refresh().status == 403


def test_a_rotating_sign_in_lasts_a_day_however_often_it_is_renewed() -> None:
    visitor = Visitor(rotating=True)
    token, renewed = visitor.refresh_token, 0
    while (answered := visitor.refresh(token)).status == 200:
        token, renewed = json.loads(answered.body)["refresh_token"], renewed + 1
        visitor.clock.advance(timedelta(minutes=20))
    assert renewed == 72


def test_revoking_ends_every_sign_in_of_the_key(visitor: Visitor) -> None:
    other = visitor.world.sign_in(visitor.key)
    visitor.world.tokens.revoke(visitor.key)
    assert [visitor.refresh(t).status for t in (visitor.refresh_token, other)] == [403, 403]


def consent(visitor: Visitor, **more: str) -> str:
    query = {
        "response_type": "code",
        "client_id": "key-1",
        "redirect_uri": visitor.key.redirect_uri,
        "scope": "openid offline_access ReadAccount",
        "state": "s-1",
        **more,
    }
    answered = visitor.world.handle(Call("GET", SIGN_IN, "/authorize", query, {}))
    back = parse_qs(urlsplit(answered.headers["location"]).query)
    assert (answered.status, back["state"]) == (302, ["s-1"])
    return back["code"][0]


def test_a_code_is_exchanged_once(visitor: Visitor) -> None:
    form = {"grant_type": "authorization_code", "client_id": "key-1", "client_secret": "secret-1"}
    code = consent(visitor)
    first, second = (visitor.post(**form, code=code) for _ in range(2))
    assert (first.status, second.status) == (200, 403)
    assert json.loads(first.body)["refresh_token"]


@pytest.mark.parametrize(("verifier", "status"), [("v-1", 200), ("wrong", 403)])
def test_a_code_with_a_challenge_needs_its_verifier(
    visitor: Visitor, verifier: str, status: int
) -> None:
    digest = urlsafe_b64encode(hashlib.sha256(b"v-1").digest()).decode().rstrip("=")
    code = consent(visitor, code_challenge=digest, code_challenge_method="S256")
    form = {"grant_type": "authorization_code", "client_id": "key-1", "code": code}
    assert visitor.post(**form, code_verifier=verifier).status == status


def test_a_consent_for_another_address_is_refused(visitor: Visitor) -> None:
    query = {"response_type": "code", "client_id": "key-1", "redirect_uri": "https://evil.example"}
    assert visitor.world.handle(Call("GET", SIGN_IN, "/authorize", query, {})).status == 400


def test_the_host_alone_decides_between_live_and_simulation(visitor: Visitor) -> None:
    visitor.world.add_account("A1")
    visitor.world.add_account("SIM1", environment="sim")
    names = [
        [a["AccountID"] for a in visitor.get("brokerage/accounts", host)["Accounts"]]
        for host in (LIVE, "sim-api.tradestation.com", "127.0.0.1")
    ]
    assert names == [["A1"], ["SIM1"], ["A1", "SIM1"]]


@pytest.mark.parametrize(("count", "pages"), [(600, [600]), (601, [600, 1])])
def test_a_full_last_page_has_no_next_token(visitor: Visitor, count: int, pages: list[int]) -> None:
    book(visitor, count)
    found, query = [], {"pageSize": "600"}
    while True:
        body = visitor.history(**query)
        found.append(len(body["Orders"]))
        if "NextToken" not in body:
            break
        query["nextToken"] = body["NextToken"]
    assert found == pages


def test_without_a_page_size_the_rest_is_dropped_in_silence(visitor: Visitor) -> None:
    book(visitor, 601)
    body = visitor.history()
    assert (len(body["Orders"]), "NextToken" in body) == (600, False)


def test_a_page_token_lives_an_hour(visitor: Visitor) -> None:
    book(visitor, 2)
    token = visitor.history(pageSize="1")["NextToken"]
    visitor.clock.advance(timedelta(minutes=61))
    visitor.refresh()
    answered = visitor.ask(
        "brokerage/accounts/A1/historicalorders", since="2026-03-01", nextToken=token
    )
    assert (answered.status, json.loads(answered.body)["Message"]) == (
        400,
        "nextToken has expired",
    )


def test_history_is_newest_first(visitor: Visitor) -> None:
    book(visitor, 3)
    closed = [order["ClosedDateTime"] for order in visitor.history()["Orders"]]
    assert closed == sorted(closed, reverse=True)


@pytest.mark.parametrize("since", ["2024-03-15", "", "soon"])
def test_a_day_out_of_reach_is_refused(visitor: Visitor, since: str) -> None:
    book(visitor, 1)
    path = "brokerage/accounts/A1/historicalorders"
    assert visitor.ask(path, since=since).status == 400


def test_every_documented_form_of_a_day_is_read(visitor: Visitor) -> None:
    book(visitor, 1)
    forms = ("2026-03-15", "03-15-2026", "2026/03/15", "03/15/2026")
    assert [len(visitor.history(form)["Orders"]) for form in forms] == [1, 1, 1, 1]


def test_an_order_of_today_moves_to_the_history_overnight(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1")
    visitor.world.fill(account, "SPY", "Buy", Decimal(1), price=Decimal(300), at=START)
    assert (len(visitor.today()), visitor.history()["Orders"]) == (1, [])
    visitor.clock.advance(timedelta(days=1))
    visitor.refresh()
    assert (visitor.today(), len(visitor.history()["Orders"])) == ([], 1)


def test_an_open_order_grows_between_two_looks_and_then_closes(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1")
    order = visitor.world.order(account, [("AMD", "Buy", Decimal(3))], at=START, duration="GTC")
    order.fill(Decimal(1), Decimal(140), START)
    order.fill(Decimal(2), Decimal(143), START + timedelta(minutes=5))
    order.close(START + timedelta(minutes=5))
    looks = []
    for _ in range(2):
        (body,) = visitor.today()
        looks.append((body["Status"], body["Legs"][0]["ExecQuantity"], body["FilledPrice"]))
        visitor.clock.advance(timedelta(minutes=5))
    assert looks == [("FPR", "1", "140"), ("FLL", "3", "142")]


def test_a_spread_shows_its_net_price_and_the_prices_of_its_legs(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1")
    names = ("SPY 260320P550", "SPY 260320P545")
    for name in names:
        visitor.world.list_symbol(name, "STOCKOPTION", Decimal(100))
    legs = [(names[0], "Sell", Decimal(2)), (names[1], "Buy", Decimal(2))]
    order = visitor.world.order(account, legs, at=START)
    order.fill(Decimal(2), Decimal("1.25"), START, leg=0)
    order.fill(Decimal(2), Decimal("1.23"), START, leg=1)
    (body,) = visitor.today()
    prices = [leg["ExecutionPrice"] for leg in body["Legs"]]
    assert (body["FilledPrice"], prices) == ("-0.02", ["1.25", "1.23"])


def test_an_account_that_fails_is_told_beside_the_others(visitor: Visitor) -> None:
    for name, kind in (("A1", "Margin"), ("A2", "Cash"), ("A3C", "Crypto")):
        visitor.world.add_account(name, kind=kind)
    visitor.world.failing["A2"] = ("ServiceUnavailable", "try later")
    body = visitor.get("brokerage/accounts/A1,A2,A3C,A9/balances")
    assert [balance["AccountID"] for balance in body["Balances"]] == ["A1"]
    assert [error["AccountID"] for error in body["Errors"]] == ["A2", "A3C", "A9"]


def test_shorts_are_negative_and_money_follows_the_fills(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1", cash=Decimal(1000))
    visitor.world.fill(
        account,
        "MSFT",
        "SellShort",
        Decimal(2),
        price=Decimal(400),
        at=START,
        commission=Decimal(1),
    )
    (held,) = visitor.get("brokerage/accounts/A1/positions")["Positions"]
    (balance,) = visitor.get("brokerage/accounts/A1/balances")["Balances"]
    assert (held["LongShort"], held["Quantity"]) == ("Short", "-2")
    assert (balance["CashBalance"], balance["Equity"]) == ("1799", "999")


def test_a_future_costs_nothing_to_hold_and_pays_its_result(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1", cash=Decimal(1000))
    visitor.world.list_symbol("ESM26", "FUTURE", Decimal(50))
    for action, quantity, price in (("Buy", 2, 5000), ("Sell", 1, 5010)):
        visitor.world.fill(
            account, "ESM26", action, Decimal(quantity), price=Decimal(price), at=START
        )
    (balance,) = visitor.get("brokerage/accounts/A1/balances")["Balances"]
    assert balance["CashBalance"] == "1500"


def test_a_broken_order_holds_nothing_any_more(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1")
    order = visitor.world.fill(account, "SPY", "Buy", Decimal(1), price=Decimal(300), at=START)
    order.broken_at = START
    assert ([o["Status"] for o in visitor.today()], visitor.world.positions(account)) == (
        ["BRO"],
        {},
    )


def test_point_values_need_the_scope_for_market_data(visitor: Visitor) -> None:
    visitor.world.list_symbol("ESM26", "FUTURE", Decimal(50))
    assert visitor.ask("marketdata/symbols/ESM26").status == 403
    scope = "openid offline_access ReadAccount MarketData"
    visitor.refresh(visitor.world.tokens.sign_in(visitor.key, START, scope))
    (symbol,) = visitor.get("marketdata/symbols/ESM26")["Symbols"]
    assert symbol["PriceFormat"]["PointValue"] == "50"


def stream(visitor: Visitor) -> tuple[list[Any], Callable[[], bytes | None]]:
    """Open a stream; give its snapshot, and what takes what it says next."""
    answered = visitor.ask("brokerage/stream/accounts/A1/orders")
    assert answered.more is not None
    return read(answered.body), answered.more


def read(said: bytes | None) -> list[Any]:
    return [json.loads(line) for line in (said or b"").splitlines()]


def test_a_stream_begins_with_every_order(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1")
    visitor.world.fill(account, "SPY", "Buy", Decimal(1), price=Decimal(300), at=START)
    (order, end), _ = stream(visitor)
    assert (order["Legs"][0]["Symbol"], end) == ("SPY", {"StreamStatus": "EndSnapshot"})


def test_a_stream_gives_an_order_whole_each_time_that_it_grows(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1")
    order = visitor.world.order(account, [("SPY", "Buy", Decimal(3))], at=START)
    _, more = stream(visitor)
    said = []
    for quantity in (1, 2):
        order.fill(Decimal(quantity), Decimal(300), START)
        said += [one["Legs"][0]["ExecQuantity"] for one in read(more())]
    assert (said, more()) == (["1", "3"], b"")


def test_a_stream_that_has_nothing_to_say_shows_that_it_lives(visitor: Visitor) -> None:
    visitor.world.add_account("A1")
    _, more = stream(visitor)
    assert more() == b""
    visitor.clock.advance(5)
    assert [line["Heartbeat"] for line in read(more())] == [1]


def test_a_stream_asks_to_go_away_and_ends(visitor: Visitor) -> None:
    visitor.world.add_account("A1")
    _, more = stream(visitor)
    visitor.world.says_go_away = True
    assert (read(more()), more()) == ([{"StreamStatus": "GoAway"}], None)


def test_a_streams_lines_may_come_in_pieces(visitor: Visitor) -> None:
    account = visitor.world.add_account("A1")
    visitor.world.chunk = 7
    _, more = stream(visitor)
    visitor.world.fill(account, "SPY", "Buy", Decimal(1), price=Decimal(300), at=START)
    visitor.world.says_go_away = True
    pieces = list(iter(more, None))
    assert (max(map(len, pieces)), len(read(b"".join(pieces)))) == (7, 2)


def test_a_spent_quota_is_told_in_the_brokers_own_headers(visitor: Visitor) -> None:
    visitor.world.faults.plan(quota_spent(41), path="/v3/")
    answered = visitor.ask("brokerage/accounts")
    assert (answered.status, answered.headers["X-RateLimit-Reset"]) == (429, "41")


@pytest.mark.parametrize("path", ["brokerage/accounts/A1/wallets", "else"])
def test_an_unknown_address_is_not_found(visitor: Visitor, path: str) -> None:
    visitor.world.add_account("A1")
    assert visitor.ask(path).status == 404


def test_a_wrong_secret_is_no_login(visitor: Visitor) -> None:
    visitor.world.tokens.add_key(ApiKey("key-1", "another", rotating=False))
    assert visitor.refresh().status == 401
