import base64
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.topstepx.account import Account
from infra.simulators.brokers.topstepx.world import TopstepXWorld
from infra.simulators.brokers.wire import Answer, Call
from shared.domain.money import loads_exact
from tests.twins.manual_clock import ManualClock

SAMPLES = Path(__file__).parents[5] / "fixtures" / "topstepx"
START = datetime(2026, 3, 13, 14, 0, tzinfo=UTC)
MNQ = "CON.F.US.MNQ.M26"
MINUTE = timedelta(minutes=1)


class Caller:
    """A user of the platform who asks as a client would."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.world = TopstepXWorld(self.clock.now)
        self.world.add_login("trader", "key-1")
        self.account = self.add_account(101)
        self.token = self.log_in()["token"]

    def add_account(self, account_id: int, **settings: Any) -> Account:
        return self.world.add_account("trader", account_id=account_id, name="50K", **settings)

    def post(self, path: str, body: Any = None, *, method: str = "POST") -> Answer:
        headers = {"authorization": f"Bearer {getattr(self, 'token', '')}"}
        text = b"" if body is None else json.dumps(body).encode()
        return self.world.handle(
            Call(method, "api.topstepx.com", f"/api/{path}", {}, headers, text)
        )

    def read(self, path: str, body: Any = None) -> Any:
        return loads_exact(self.post(path, body).body)

    def log_in(self, key: str = "key-1") -> Any:
        return self.read("Auth/loginKey", {"userName": "trader", "apiKey": key})

    def trade(
        self, side: str, size: int = 1, price: str = "100", minutes: int = 0, **more: Any
    ) -> int:
        at = START + minutes * MINUTE
        self.clock.advance(max(0.0, (at - self.clock.now()).total_seconds()))
        return self.world.fill(self.account, MNQ, side, size, price=Decimal(price), at=at, **more)

    def trades(self, since: datetime = START, until: datetime | None = None) -> list[Any]:
        window = {"startTimestamp": since.isoformat(), "endTimestamp": until and until.isoformat()}
        found: list[Any] = self.read("Trade/search", {"accountId": 101, **window})["trades"]
        return found


@pytest.fixture
def caller() -> Caller:
    return Caller()


def fields(name: str, listed: str) -> set[str]:
    return set(json.loads((SAMPLES / name).read_text())[listed][0])


def test_a_token_tells_when_it_expires(caller: Caller) -> None:
    payload = caller.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims["exp"] == (START + timedelta(hours=24)).timestamp()


def test_a_wrong_key_is_refused_inside_http_200(caller: Caller) -> None:
    refused = json.loads((SAMPLES / "login_key_bad.json").read_text())
    assert caller.log_in("wrong") == refused


def test_a_login_without_a_key_is_a_problem_document(caller: Caller) -> None:
    answered = caller.post("Auth/loginKey", {"userName": "trader"})
    assert (answered.status, list(json.loads(answered.body)["errors"])) == (400, ["apiKey"])


def test_a_token_ends_after_a_day_with_an_empty_401(caller: Caller) -> None:
    caller.clock.advance(timedelta(hours=24))
    answered = caller.post("Account/search", {"onlyActiveAccounts": False})
    assert (answered.status, answered.body) == (401, b"")


def test_a_validated_token_outlives_the_first(caller: Caller) -> None:
    caller.clock.advance(timedelta(hours=23))
    caller.token = caller.read("Auth/validate")["newToken"]
    caller.clock.advance(timedelta(hours=2))
    assert caller.read("Account/search", {"onlyActiveAccounts": False})["success"]


def test_a_new_login_leaves_older_tokens_alone(caller: Caller) -> None:
    caller.log_in()
    assert caller.read("Auth/validate")["success"]


def test_an_inactive_account_shows_up_only_when_all_are_asked_for(caller: Caller) -> None:
    caller.add_account(102, active=False)
    for only_active, ids in ((True, [101]), (False, [101, 102])):
        found = caller.read("Account/search", {"onlyActiveAccounts": only_active})["accounts"]
        assert [account["id"] for account in found] == ids


def test_another_users_account_is_not_found(caller: Caller) -> None:
    caller.world.add_login("other", "key-2")
    caller.world.add_account("other", account_id=202, name="50K")
    found = caller.read("Position/searchOpen", {"accountId": 202})
    assert (found["success"], found["errorCode"], found["positions"]) == (False, 1, None)


def test_trades_have_the_fields_of_the_samples(caller: Caller) -> None:
    caller.trade("buy")
    assert set(caller.trades()[0]) == fields("trades.json", "trades")


def test_numbers_carry_their_trailing_zeros(caller: Caller) -> None:
    caller.trade("buy", price="25336.25")
    body = caller.post("Trade/search", {"accountId": 101, "startTimestamp": START.isoformat()}).body
    assert b'"price": 25336.250000000, "profitAndLoss": null, "fees": 0.3700' in body


def test_only_a_closing_fill_has_a_result_and_break_even_is_zero(caller: Caller) -> None:
    caller.trade("buy", 2, "100")
    caller.trade("sell", 1, "105.5", minutes=1)
    caller.trade("sell", 1, "100", minutes=2)
    assert [trade["profitAndLoss"] for trade in reversed(caller.trades())] == [None, 11, 0]


def test_a_flip_realises_what_it_closed_and_opens_the_rest(caller: Caller) -> None:
    caller.trade("sell", 1, "100")
    caller.trade("buy", 3, "98", minutes=1)
    (held,) = caller.read("Position/searchOpen", {"accountId": 101})["positions"]
    assert caller.trades()[0]["profitAndLoss"] == 4
    assert (held["type"], held["size"], held["averagePrice"]) == (1, 2, 98)


def test_positions_have_the_fields_of_the_samples(caller: Caller) -> None:
    caller.trade("sell", 3)
    (held,) = caller.read("Position/searchOpen", {"accountId": 101})["positions"]
    assert (set(held), held["type"], held["size"]) == (
        fields("positions.json", "positions"),
        2,
        3,
    )


def test_a_voided_fill_stays_in_the_answer_and_counts_for_nothing(caller: Caller) -> None:
    trade_id = caller.trade("buy")
    caller.world.void(caller.account, trade_id)
    assert [trade["voided"] for trade in caller.trades()] == [True]
    assert caller.world.positions(caller.account) == {}
    assert caller.account.balance(caller.clock.now()) == 50_000


def test_the_balance_follows_results_and_costs(caller: Caller) -> None:
    caller.trade("buy", 1, "100")
    caller.trade("sell", 1, "105", minutes=1)
    (account,) = caller.read("Account/search", {"onlyActiveAccounts": True})["accounts"]
    assert account["balance"] == Decimal("50008.76")  # 5 points x 2 dollars - 2 x 0.62


@pytest.mark.parametrize(("exclusive", "found"), [(False, 3), (True, 1)])
def test_the_ends_of_a_window_are_read_as_the_knob_says(
    caller: Caller, exclusive: bool, found: int
) -> None:
    for minutes in range(3):
        caller.trade("buy", minutes=minutes)
    caller.world.exclusive_ends = exclusive
    assert len(caller.trades(START, START + 2 * MINUTE)) == found


def test_shuffled_rows_are_the_same_rows_in_another_order(caller: Caller) -> None:
    for minutes in range(20):
        caller.trade("buy", minutes=minutes)
    before = caller.trades()
    caller.world.shuffled = True
    after = caller.trades()
    assert after != before
    assert sorted(after, key=str) == sorted(before, key=str)


def test_a_cap_drops_the_oldest_rows_silently(caller: Caller) -> None:
    ids = [caller.trade("buy", minutes=minutes) for minutes in range(5)]
    caller.world.cap = 2
    assert [trade["id"] for trade in caller.trades()] == [ids[4], ids[3]]


def test_a_late_fill_shows_up_when_its_time_has_come(caller: Caller) -> None:
    caller.trade("buy", visible_at=START + MINUTE)
    assert caller.trades() == []
    caller.clock.advance(MINUTE)
    assert len(caller.trades()) == 1


def test_a_cost_that_is_not_known_has_no_field(caller: Caller) -> None:
    caller.trade("buy", fees=None)
    assert "fees" not in caller.trades()[0]


def test_more_requests_than_a_minute_allows_are_429_until_it_is_over(caller: Caller) -> None:
    ask = ("Account/search", {"onlyActiveAccounts": True})
    assert [caller.post(*ask).status for _ in range(200)] == [200] * 199 + [429]  # the login counts
    caller.clock.advance(MINUTE)
    assert caller.post(*ask).status == 200


def test_a_date_that_cannot_be_read_is_a_problem_document(caller: Caller) -> None:
    answered = caller.post("Trade/search", {"accountId": 101, "startTimestamp": "yesterday"})
    expected = json.loads((SAMPLES / "errors.json").read_text())["400_problem_details"]
    assert (answered.status, json.loads(answered.body)) == (400, expected)


@pytest.mark.parametrize(("path", "method"), [("trades/search", "POST"), ("Trade/search", "GET")])
def test_a_wrong_path_or_method_is_not_found(caller: Caller, path: str, method: str) -> None:
    assert caller.post(path, {}, method=method).status == 404


def test_a_contract_is_found_by_its_id(caller: Caller) -> None:
    found = caller.read("Contract/searchById", {"contractId": MNQ})["contract"]
    sample = loads_exact((SAMPLES / "contract_by_id.json").read_bytes())["contract"]
    assert {**found, "description": ""} == {**sample, "description": ""}


def test_an_order_sums_its_fills(caller: Caller) -> None:
    caller.trade("buy", 1, "100", order_id=7)
    caller.trade("buy", 3, "104", order_id=7)
    window = {"accountId": 101, "startTimestamp": START.isoformat()}
    (order,) = caller.read("Order/search", window)["orders"]
    assert (order["id"], order["size"], order["filledPrice"]) == (7, 4, 103)
