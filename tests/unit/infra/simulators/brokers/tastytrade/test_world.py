import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from infra.simulators.brokers.tastytrade.world import TastytradeWorld
from infra.simulators.brokers.wire import Answer, Call
from shared.domain.time import iso
from tests.twins.manual_clock import ManualClock

START = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
LIVE, SANDBOX = "api.tastyworks.com", "api.cert.tastyworks.com"
AGENT = {"user-agent": "visitor/1.0"}
JSON = {"content-type": "application/json"}
PUT = "SPY   260320P00550000"


class Visitor:
    """A client of nobody's making: asks the world and reads bodies."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.world = TastytradeWorld(self.clock.now)
        self.client = self.world.add_client("app-1", "secret-1")
        self.grant = self.world.grants.grant(self.client)
        self.account = self.world.add_account("5WT00001")
        self.access = ""

    def post(self, host: str = LIVE, *, as_json: bool = False, **fields: str) -> Answer:
        body = json.dumps(fields) if as_json else urlencode(fields)
        headers = {**AGENT, **(JSON if as_json else {})}
        return self.world.handle(Call("POST", host, "/oauth/token", {}, headers, body.encode()))

    def refresh(self, host: str = LIVE, *, as_json: bool = False, **changes: str) -> Answer:
        asked = {
            "grant_type": "refresh_token",
            "client_secret": "secret-1",
            "refresh_token": self.grant.refresh_token,
        }
        answered = self.post(host, as_json=as_json, **{**asked, **changes})
        if answered.status == 200 and not answered.lost:
            self.access = json.loads(answered.body)["access_token"]
        return answered

    def ask(self, path: str, host: str = LIVE, **query: str) -> Answer:
        if not self.access:
            self.refresh()
        headers = {**AGENT, "authorization": f"Bearer {self.access}"}
        query = {name.replace("_", "-"): value for name, value in query.items()}
        return self.world.handle(Call("GET", host, path, query, headers))

    def get(self, path: str, **query: str) -> Any:
        answered = self.ask(path, **query)
        assert answered.status == 200, answered.body
        return json.loads(answered.body)

    def transactions(self, **query: str) -> Any:
        return self.get("/accounts/5WT00001/transactions", **query)

    def ids(self, **query: str) -> list[int]:
        return [row["id"] - 361_000_000 for row in self.transactions(**query)["data"]["items"]]

    def buy(self, count: int, last: datetime = START) -> None:
        for i in range(count):
            at = last - timedelta(minutes=count - 1 - i)
            price = Decimal("178.21")
            self.world.fill(self.account, "AAPL", "Buy to Open", Decimal(1), price=price, at=at)


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def refusal(answered: Answer) -> tuple[int, Any]:
    return answered.status, json.loads(answered.body)["error"]["code"]


class TestLogin:
    @pytest.mark.parametrize("as_json", [True, False])
    def test_a_refresh_token_stays_and_gives_a_token_of_fifteen_minutes(
        self, visitor: Visitor, *, as_json: bool
    ) -> None:
        told = json.loads(visitor.refresh(as_json=as_json).body)
        assert (told["refresh_token"], told["expires_in"]) == (visitor.grant.refresh_token, 900)
        visitor.clock.advance(timedelta(minutes=14))
        assert visitor.ask("/customers/me/accounts").status == 200
        visitor.clock.advance(timedelta(minutes=1))
        assert refusal(visitor.ask("/customers/me/accounts")) == (401, "token_invalid")

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"refresh_token": "gone"}, "Grant revoked"),
            ({"client_secret": "another"}, "Client secret mismatch"),
            ({"host": SANDBOX}, "Grant revoked"),
            ({"grant_type": "password"}, "Unknown grant type"),
        ],
    )
    def test_the_token_endpoint_words_its_refusals_in_its_own_way(
        self, visitor: Visitor, changes: dict[str, str], told: str
    ) -> None:
        answered = visitor.refresh(**changes)
        body = json.loads(answered.body)
        assert (answered.status, body["error_description"]) == (400, told)

    def test_a_revoked_grant_ends_at_once(self, visitor: Visitor) -> None:
        visitor.refresh()
        visitor.grant.revoked = True
        assert visitor.ask("/customers/me/accounts").status == 401
        assert visitor.refresh().status == 400

    def test_nothing_is_answered_after_too_many_refusals(self, visitor: Visitor) -> None:
        for _ in range(5):
            visitor.refresh(client_secret="another")
        assert visitor.refresh().lost
        visitor.clock.advance(timedelta(hours=8))
        assert not visitor.refresh().lost

    def test_a_consent_gives_a_code_that_is_good_once(self, visitor: Visitor) -> None:
        asked = {
            "client_id": "app-1",
            "redirect_uri": visitor.client.redirect_uri,
            "response_type": "code",
            "scope": "read",
            "state": "s-1",
        }
        call = Call("GET", "my.tastytrade.com", "/auth.html", asked, {})
        back = parse_qs(urlsplit(visitor.world.handle(call).headers["location"]).query)
        exchange = {
            "grant_type": "authorization_code",
            "code": back["code"][0],
            "client_id": "app-1",
            "client_secret": "secret-1",
        }
        assert back["state"] == ["s-1"]
        assert [visitor.post(**exchange).status for _ in range(2)] == [200, 400]


class TestDoor:
    @pytest.mark.parametrize("agent", ["", "daybias", "/1.0"])
    def test_who_names_no_product_and_version_is_turned_away_in_html(
        self, visitor: Visitor, agent: str
    ) -> None:
        answered = visitor.world.handle(
            Call("POST", LIVE, "/oauth/token", {}, {"user-agent": agent}, b"")
        )
        assert (answered.status, answered.headers["content-type"]) == (401, "text/html")

    @pytest.mark.parametrize(("version", "status"), [("20251101", 200), ("20190101", 406)])
    def test_a_version_must_be_one_that_is_spoken(
        self, visitor: Visitor, version: str, status: int
    ) -> None:
        visitor.refresh()
        headers = {**AGENT, "authorization": f"Bearer {visitor.access}", "accept-version": version}
        call = Call("GET", LIVE, "/customers/me/accounts", {}, headers)
        assert visitor.world.handle(call).status == status

    def test_reading_needs_its_scope(self, visitor: Visitor) -> None:
        visitor.grant.scope = "openid"
        assert refusal(visitor.ask("/customers/me/accounts")) == (403, "not_permitted")

    def test_an_account_may_be_refused_alone(self, visitor: Visitor) -> None:
        visitor.world.add_account("5WT00002").forbidden = True
        assert refusal(visitor.ask("/accounts/5WT00002/positions")) == (403, "not_permitted")
        assert visitor.ask("/accounts/5WT00001/positions").status == 200

    @pytest.mark.parametrize(
        "path", ["/accounts/5WT09999/positions", "/accounts/5WT00001/x", "/x", "/accounts"]
    )
    def test_what_is_not_there_is_not_found(self, visitor: Visitor, path: str) -> None:
        assert refusal(visitor.ask(path)) == (404, "not_found")

    def test_environments_are_apart(self, visitor: Visitor) -> None:
        visitor.world.add_account("5WT0SAND", environment="sandbox")
        items = visitor.get("/customers/me/accounts")["data"]["items"]
        assert [one["account"]["account-number"] for one in items] == ["5WT00001"]
        assert visitor.ask("/customers/me/accounts", host=SANDBOX).status == 401


class TestTransactions:
    def test_pages_are_numbered_and_newest_first_unless_asked_otherwise(
        self, visitor: Visitor
    ) -> None:
        visitor.buy(6)
        assert visitor.ids(per_page="4") == [6, 5, 4, 3]
        assert visitor.ids(per_page="4", page_offset="1", sort="Asc") == [5, 6]
        told = visitor.transactions(per_page="4")["pagination"]
        assert (told["total-items"], told["total-pages"], told["item-offset"]) == (6, 2, 0)

    def test_newest_first_a_new_row_pushes_one_to_the_next_page(self, visitor: Visitor) -> None:
        visitor.buy(6)
        first = visitor.ids(per_page="4")
        visitor.clock.advance(timedelta(minutes=1))
        visitor.buy(1, visitor.clock.now())
        assert first[-1] in visitor.ids(per_page="4", page_offset="1")

    def test_an_empty_history_has_no_pages(self, visitor: Visitor) -> None:
        assert visitor.transactions()["pagination"]["total-pages"] == 0

    @pytest.mark.parametrize(
        "query",
        [
            {"per_page": "5000"},
            {"per_page": "0"},
            {"page_offset": "-1"},
            {"sort": "up"},
            {"start_at": "yesterday"},
            {"start_date": "2026-13-01"},
            {"type": "Trade", "types[]": "Trade"},
            {"start_at": "2026-03-01T00:00:00Z", "end_date": "2026-03-02"},
        ],
        ids=str,
    )
    def test_what_is_asked_wrongly_is_refused(
        self, visitor: Visitor, query: dict[str, str]
    ) -> None:
        visitor.buy(1)
        answered = visitor.ask("/accounts/5WT00001/transactions", **query)
        assert refusal(answered) == (400, "validation_error")

    @pytest.mark.parametrize(("inclusive", "found"), [(True, [1, 2, 3]), (False, [2])])
    def test_bounds_belong_to_a_window_or_do_not(
        self, visitor: Visitor, *, inclusive: bool, found: list[int]
    ) -> None:
        visitor.world.inclusive = inclusive
        visitor.buy(3)
        since, until = iso(START - timedelta(minutes=2)), iso(START)
        assert visitor.ids(start_at=since, end_at=until, sort="Asc") == found

    @pytest.mark.parametrize("form", ["2026-03-16 13:59:30+00:00", "2026-03-16T13:59:30"])
    def test_times_are_understood_in_the_forms_that_clients_send(
        self, visitor: Visitor, form: str
    ) -> None:
        visitor.buy(2)
        assert visitor.ids(start_at=form) == [2]

    def test_days_are_the_session_s(self, visitor: Visitor) -> None:
        visitor.buy(1, START - timedelta(days=3))
        visitor.buy(1)
        assert visitor.ids(start_date="2026-03-16") == [2]
        assert visitor.ids(end_date="2026-03-15") == [1]

    def test_rows_can_be_asked_for_by_what_they_are(self, visitor: Visitor) -> None:
        visitor.buy(1)
        visitor.world.money(visitor.account, "Deposit", Decimal(5), at=START)
        assert visitor.ids(type="Money Movement") == [2]
        assert visitor.ids(symbol="AAPL") == [1]

    def test_one_row_can_be_asked_for(self, visitor: Visitor) -> None:
        visitor.buy(1)
        path = "/accounts/5WT00001/transactions"
        assert visitor.get(f"{path}/361000001")["data"]["symbol"] == "AAPL"
        assert visitor.ask(f"{path}/7").status == 404

    def test_what_comes_late_is_not_seen_before(self, visitor: Visitor) -> None:
        late = START + timedelta(hours=9)
        visitor.world.fill(
            visitor.account,
            "AAPL",
            "Buy to Open",
            Decimal(1),
            price=Decimal(1),
            at=START,
            visible_at=late,
        )
        assert visitor.ids() == []
        visitor.clock.advance(timedelta(hours=9))
        visitor.refresh()
        assert visitor.ids() == [1]


class TestBooks:
    def test_the_net_values_of_all_rows_are_the_cash(self, visitor: Visitor) -> None:
        world, account, fee = visitor.world, visitor.account, {"commission": Decimal("1.25")}
        world.fill(account, "/ESM6", "Buy", Decimal(1), price=Decimal(5725), at=START, fees=fee)
        world.fill(
            account, PUT, "Sell to Open", Decimal(2), price=Decimal("1.25"), at=START, fees=fee
        )
        world.money(account, "Dividend", Decimal(7), at=START)
        net = sum(
            Decimal(row["net-value"])
            * {"Credit": 1, "Debit": -1, "None": 0}[row["net-value-effect"]]
            for row in visitor.transactions()["data"]["items"]
        )
        balance = visitor.get("/accounts/5WT00001/balances/USD")["data"]
        assert Decimal(balance["cash-balance"]) == 100_000 + net == Decimal("100254.5")
        path = "/accounts/5WT00001/transactions/total-fees"
        fees = visitor.get(path, date="2026-03-16")["data"]
        assert fees == {"total-fees": "2.5", "total-fees-effect": "Debit"}

    def test_an_option_ends_without_a_side_and_shows_as_zero(self, visitor: Visitor) -> None:
        world, account = visitor.world, visitor.account
        world.fill(account, PUT, "Sell to Open", Decimal(2), price=Decimal("1.25"), at=START)
        world.end(account, PUT, "Assignment", at=START)
        ended = visitor.transactions()["data"]["items"][0]
        assert ("action" in ended, "price" in ended, ended["quantity"]) == (False, False, "2.0")
        (position,) = visitor.get("/accounts/5WT00001/positions")["data"]["items"]
        assert (position["quantity"], position["quantity-direction"]) == (0, "Zero")

    def test_a_reversal_names_what_it_takes_back(self, visitor: Visitor) -> None:
        visitor.buy(1)
        visitor.world.reverse(visitor.account, 361_000_001, at=START)
        row = visitor.transactions()["data"]["items"][0]
        assert (row["action"], row["reverses-id"]) == ("Sell to Open", 361_000_001)
        assert visitor.world.positions(visitor.account) == {}

    def test_amounts_are_texts_without_a_sign(self, visitor: Visitor) -> None:
        visitor.buy(1)
        row = visitor.transactions()["data"]["items"][0]
        shown = {name: row[name] for name in ("value", "value-effect", "quantity", "id")}
        assert shown == {
            "value": "178.21",
            "value-effect": "Debit",
            "quantity": "1.0",
            "id": 361_000_001,
        }
