import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.spec import BrokerAccount, Reply, Request, Window
from shared.brokers.tradestation.spec import (
    SPEC,
    closed_orders,
    error_of,
    read_accounts,
    read_holdings,
)
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
)
from shared.domain.money import loads_exact

SAMPLES = Path(__file__).parents[3] / "fixtures" / "tradestation"
ACCOUNT = BrokerAccount("11223344", "11223344", "USD")
UNTIL = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
HISTORY = Request("/v3/brokerage/accounts/11223344/historicalorders")
TOKEN = Request("/oauth/token", form={"grant_type": "refresh_token"})


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / name).read_bytes())


def order(closed_at: str | None) -> dict[str, Any]:
    return {"ClosedDateTime": closed_at} if closed_at else {}


class Broker:
    """Answers in turn and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def walk(broker: Broker, depth: timedelta = timedelta(days=3)) -> list[Any]:
    async def go() -> list[Any]:
        window = Window(UNTIL - depth, UNTIL)
        return [
            row async for page in closed_orders(broker.ask, ACCOUNT, window) for row in page.rows
        ]

    return asyncio.run(go())


def test_closed_orders_are_asked_for_from_the_day_before_with_a_page_size() -> None:
    broker = Broker({"Orders": []})
    walk(broker)
    assert broker.asked[0].params == {"since": "2026-03-12", "pageSize": "600"}


def test_the_samples_are_two_pages_and_end_without_a_token() -> None:
    pages = [sample(f"historicalorders_page{n}.json") for n in (1, 2)]
    broker = Broker(*pages)
    assert len(walk(broker, timedelta(days=90))) == 6
    assert broker.asked[1].params["nextToken"] == pages[0]["NextToken"]


def test_what_closed_before_the_window_is_left_out_to_the_second() -> None:
    inside, outside = order("2026-03-13T14:00:00Z"), order("2026-03-13T13:59:59Z")
    assert walk(Broker({"Orders": [inside, outside]})) == [inside]


def test_a_row_that_does_not_say_when_it_closed_is_kept() -> None:
    assert walk(Broker({"Orders": ["spoiled", order(None)]})) == ["spoiled", order(None)]


def test_a_first_day_that_is_refused_is_asked_for_again_inside_of_ninety_days() -> None:
    broker = Broker(RequestRejected("too far", status=400), {"Orders": []})
    walk(broker, timedelta(days=90))
    assert [request.params["since"] for request in broker.asked] == ["2025-12-15", "2025-12-17"]


def test_an_older_day_that_is_refused_is_told_not_cut_short() -> None:
    broker = Broker(RequestRejected("too far", status=400))
    with pytest.raises(RequestRejected):
        walk(broker, timedelta(days=200))


def test_another_refusal_is_not_asked_again() -> None:
    broker = Broker(RequestRejected("gone", status=404))
    with pytest.raises(RequestRejected):
        walk(broker)


def test_a_page_token_that_ran_out_starts_the_walk_again() -> None:
    row = order("2026-03-15T14:00:00Z")
    page = {"Orders": [row], "NextToken": "t-1"}
    broker = Broker(page, RequestRejected("expired", status=400), page, {"Orders": []})
    assert walk(broker) == [row, row]
    assert len(broker.asked) == 4


@pytest.mark.parametrize("body", [None, [], {}, {"Orders": None}, {"Orders": {}}])
def test_orders_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        walk(Broker(body))


def test_the_accounts_of_a_login_are_read() -> None:
    found = [(a.account_id, a.currency) for a in read_accounts(sample("accounts.json"))]
    assert found == [("11223344", "USD"), ("11223345", "USD"), ("210F5566", "USD")]


def test_accounts_whose_orders_are_refused_are_left_out() -> None:
    crypto = {"AccountID": "11223345C", "AccountType": "Crypto", "Currency": "USD"}
    assert read_accounts({"Accounts": [crypto]}) == ()


@pytest.mark.parametrize(
    "body",
    [None, {}, {"Accounts": [1]}, {"Accounts": [{}]}, {"Accounts": [{"AccountType": "Cash"}]}],
)
def test_accounts_of_another_shape_break_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        read_accounts(body)


def holdings_bodies() -> list[Any]:
    positions = [p for p in sample("positions.json")["Positions"] if p["AccountID"] == "11223344"]
    balance = {"AccountID": "11223344", "CashBalance": "81250.44"}
    return [{"Balances": [balance], "Errors": []}, {"Positions": positions, "Errors": []}]


def test_holdings_are_the_cash_and_the_positions() -> None:
    holdings = read_holdings(holdings_bodies(), ACCOUNT)
    assert (holdings.cash, len(holdings.positions)) == (Decimal("81250.44"), 5)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda balances, _: balances.update(Balances=[]),
        lambda balances, _: balances["Balances"][0].update(CashBalance="much"),
        lambda balances, _: balances["Balances"][0].update(AccountID="another"),
        lambda _, positions: positions["Positions"][0].update(AccountID="another"),
        lambda _, positions: positions["Positions"][0].update(Quantity=None),
        lambda _, positions: positions.pop("Positions"),
    ],
)
def test_holdings_of_another_shape_or_account_break_the_contract(
    spoil: Callable[[Any, Any], None],
) -> None:
    bodies = holdings_bodies()
    spoil(*bodies)
    with pytest.raises(ContractBroken):
        read_holdings(bodies, ACCOUNT)


def left_out(title: Any) -> Reply:
    error = {"AccountID": "11223344", "Error": title, "Message": "secret"}
    return Reply(HISTORY, 200, {"Orders": [], "Errors": [error]})


@pytest.mark.parametrize(
    ("title", "error"),
    [
        ("Forbidden", RequestRejected),
        ("ServiceUnavailable", RequestRejected),
        ("TooManyRequests", RateLimited),
        (None, RequestRejected),
        ({}, RequestRejected),
    ],
)
def test_an_account_that_a_good_answer_leaves_out_is_an_error(
    title: Any, error: type[DaybiasError]
) -> None:
    meant = error_of(left_out(title))
    assert type(meant) is error
    assert "secret" not in str(meant)


def test_the_crypto_account_of_the_samples_is_refused() -> None:
    body = sample("historicalorders_page2.json")
    assert isinstance(error_of(Reply(HISTORY, 200, body)), RequestRejected)


@pytest.mark.parametrize("status", [400, 403])
def test_a_dead_refresh_token_means_to_sign_in_again(status: int) -> None:
    body = sample("errors.json")["refresh_dead"]["body"]
    assert isinstance(error_of(Reply(TOKEN, status, body)), AuthRejected)


@pytest.mark.parametrize("name", ["401", "400_since", "429", "503"])
def test_the_other_errors_mean_what_http_says(name: str) -> None:
    found = sample("errors.json")[name]
    assert error_of(Reply(HISTORY, found["status"], found["body"])) is None


def test_an_error_of_http_is_not_read_as_a_left_out_account() -> None:
    body = {"Errors": [{"AccountID": "11223344", "Error": "Forbidden"}]}
    assert error_of(Reply(HISTORY, 503, body)) is None


def test_an_empty_list_of_errors_is_none() -> None:
    assert error_of(Reply(HISTORY, 200, sample("historicalorders_page1.json"))) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["Errors", "Error", "error"]), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    st.sampled_from([HISTORY, TOKEN]),
)
def test_no_body_breaks_the_reading_of_errors(body: Any, request: Request) -> None:
    error_of(Reply(request, 200, body))


def test_a_quota_that_is_spent_says_how_long() -> None:
    headers = sample("errors.json")["429"]["headers"]
    assert SPEC.limit.reset_s(headers, UNTIL) == 41


def test_a_refresh_without_a_new_token_keeps_the_old_one() -> None:
    renewal = SPEC.auth["oauth"].renewal
    assert renewal is not None
    body = sample("token.json")
    kept = renewal.read({k: v for k, v in body.items() if k != "refresh_token"}, UNTIL)
    assert kept == {
        "access_token": body["access_token"],
        "expires_at": "2026-03-16T14:20:00Z",
    }
    assert renewal.read(body, UNTIL)["refresh_token"] == body["refresh_token"]


def test_both_environments_sign_in_at_one_host() -> None:
    renewal = SPEC.auth["oauth"].renewal
    assert renewal is not None
    assert renewal.hosts == dict.fromkeys(SPEC.hosts, "https://signin.tradestation.com")


def test_the_form_of_a_refresh_names_the_key_and_its_secret() -> None:
    renewal = SPEC.auth["oauth"].renewal
    assert renewal is not None
    credentials = {"client_id": "k", "client_secret": "s", "refresh_token": "r"}
    request = renewal.request(credentials)
    assert (request.method, request.form) == (
        "POST",
        {"grant_type": "refresh_token", **credentials},
    )
