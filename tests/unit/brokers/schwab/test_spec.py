from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.schwab.spec import SPEC, error_of, read_accounts, read_holdings, transactions
from shared.brokers.spec import BrokerAccount, Page, Reply, Request, Window
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "schwab"
ACCOUNT = BrokerAccount("48217735", "48217735", "USD", handle="B3C7")
TOKEN, ROWS = Request("/v1/oauth/token"), Request("/trader/v1/accounts/B3C7/transactions")


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / f"{name}.json").read_bytes())


ERRORS = sample("errors")
HELD = sample("account_with_positions")


def test_accounts_are_known_by_number_and_asked_for_by_hash() -> None:
    found = [(a.account_id, a.handle[:4]) for a in read_accounts(sample("account_numbers"))]
    assert found == [("48217735", "B3C7"), ("48217736", "0F5D"), ("73001904", "77E1")]


def test_short_positions_are_negative_and_cash_is_told() -> None:
    holdings = read_holdings([HELD], ACCOUNT)
    quantities = {p.symbol: p.quantity for p in holdings.positions}
    assert quantities == {
        "AAPL": 50,
        "AAPL  260417C00180000": 2,
        "SPY   260320P00550000": -2,
        "SPY   260320P00545000": 2,
    }
    assert holdings.cash == Decimal("40514.6")


def changed(**fields: Any) -> Any:
    return {"securitiesAccount": {**HELD["securitiesAccount"], **fields}}


def test_nothing_is_held_when_the_key_is_missing() -> None:
    flat = changed()
    del flat["securitiesAccount"]["positions"]
    assert read_holdings([flat], ACCOUNT).positions == ()


def test_bonds_and_money_are_left_out_of_positions() -> None:
    bond = {"instrument": {"assetType": "FIXED_INCOME", "cusip": "912810"}}
    rows = [bond, *HELD["securitiesAccount"]["positions"]]
    assert len(read_holdings([changed(positions=rows)], ACCOUNT).positions) == 4


def test_another_accounts_holdings_are_not_taken() -> None:
    with pytest.raises(ContractBroken, match="another account"):
        read_holdings([changed(accountNumber="73001904")], ACCOUNT)


@pytest.mark.parametrize("body", [{}, None, [], "x", {"securitiesAccount": {}}])
def test_holdings_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_holdings([body], ACCOUNT)


@pytest.mark.parametrize("body", [{}, None, [1], [{"accountNumber": "1"}]])
def test_accounts_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_accounts(body)


class TestErrors:
    @pytest.mark.parametrize(
        "body",
        [
            ERRORS["refresh_dead"]["body"],
            {"error": "refresh_token_authentication_error"},
            {"error": "invalid_client", "error_description": "refresh token invalid"},
        ],
    )
    def test_a_dead_refresh_token_asks_for_a_new_login(self, body: Any) -> None:
        assert isinstance(error_of(Reply(TOKEN, 400, body)), AuthRejected)

    @pytest.mark.parametrize(("status", "body"), [(500, None), (400, {"error": "invalid_request"})])
    def test_other_trouble_with_tokens_does_not(self, status: int, body: Any) -> None:
        assert error_of(Reply(TOKEN, status, body)) is None

    @pytest.mark.parametrize(
        ("told", "meaning"),
        [
            ("401", AuthRejected),
            (429, RateLimited),
            (503, UpstreamUnavailable),
            ("404", RequestRejected),
        ],
    )
    def test_an_error_inside_a_success_is_one(self, told: Any, meaning: type[Exception]) -> None:
        assert isinstance(error_of(Reply(ROWS, 200, {"errors": [{"status": told}]})), meaning)

    @pytest.mark.parametrize("name", ["401_expired_token", "404_status_as_string", "gateway_fault"])
    def test_http_keeps_its_meaning(self, name: str) -> None:
        error = ERRORS[name]
        assert error_of(Reply(ROWS, error["status"], error["body"])) is None

    @given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x), max_leaves=3))
    def test_no_body_breaks_the_map(self, value: Any) -> None:
        for body in (value, {"errors": value}, {"errors": [{"status": value}]}):
            for request in (TOKEN, ROWS):
                error_of(Reply(request, 200, body))


class Broker:
    """Answers like Schwab: all rows between two instants, both included, at most `cap` of them."""

    def __init__(self, times: list[str], cap: int) -> None:
        self.times, self.cap, self.asked = times, cap, 0

    async def ask(self, request: Request) -> Any:
        self.asked += 1
        since, until = (parse_instant(request.params[n]) for n in ("startDate", "endDate"))
        found = [{"time": t} for t in self.times if since <= parse_instant(t) <= until]
        return found[-self.cap :]


async def walked(broker: Broker, days: int, surely_whole: int) -> list[Page]:
    since = parse_instant("2026-03-01T00:00:00Z")
    window = Window(since, since.replace(day=1 + days))
    walk = transactions(surely_whole)
    return [page async for page in walk(broker.ask, ACCOUNT, window)]


async def test_an_answer_that_may_be_cut_is_asked_for_in_halves() -> None:
    times = [f"2026-03-02T10:{m:02d}:{s:02d}+0000" for m in range(5) for s in range(60)]
    broker = Broker(times, cap=50)
    pages = await walked(broker, 2, surely_whole=50)
    assert {row["time"] for page in pages for row in page.rows} == set(times)
    assert max(len(page.rows) for page in pages) < 50


async def test_too_many_rows_of_one_second_are_no_silent_loss() -> None:
    with pytest.raises(ContractBroken, match="may be cut"):
        await walked(Broker(["2026-03-02T10:00:00+0000"] * 60, cap=50), 2, surely_whole=50)


async def test_a_long_window_is_read_in_weeks_that_touch() -> None:
    edge = "2026-03-08T00:00:00+0000"  # the last instant of one week, the first of the next
    broker = Broker([edge], cap=50)
    pages = await walked(broker, 14, surely_whole=50)
    assert (broker.asked, [len(p.rows) for p in pages if p.rows]) == (2, [1, 1])


async def test_a_window_is_asked_for_by_hash_in_milliseconds_that_hold_it() -> None:
    async def ask(request: Request) -> Any:
        asked.append(request)
        return []

    asked: list[Request] = []
    now = parse_instant("2026-03-16T14:00:00.123456Z")
    async for _ in transactions()(ask, ACCOUNT, Window(now, now)):
        pass
    assert asked[0].path == "/trader/v1/accounts/B3C7/transactions"
    assert asked[0].params["startDate"] == "2026-03-16T14:00:00.123Z"
    assert asked[0].params["endDate"] == "2026-03-16T14:00:00.124Z"
    assert {"TRADE", "RECEIVE_AND_DELIVER"} <= set(asked[0].params["types"].split(","))


def test_the_application_is_shown_in_a_basic_header_never_in_the_form() -> None:
    renewal = SPEC.auth["oauth"].renewal
    assert renewal is not None
    request = renewal.request(
        {"client_id": "app-key", "client_secret": "app-secret", "refresh_token": "RT@"}
    )
    assert request.headers["Authorization"] == "Basic YXBwLWtleTphcHAtc2VjcmV0"
    assert request.form == {"grant_type": "refresh_token", "refresh_token": "RT@"}


def test_a_token_answer_of_the_samples_is_kept() -> None:
    renewal = SPEC.auth["oauth"].renewal
    assert renewal is not None
    asked_at = parse_instant("2026-03-16T14:00:00Z")
    assert renewal.read(sample("token"), asked_at) == {
        "access_token": "I0.EXAMPLE-ACCESS-0001@",
        "expires_at": "2026-03-16T14:30:00Z",
        "refresh_token": "RT-EXAMPLE-0001@",
    }
