"""Every refusal among the samples, and what its sheet (section 5) has the caller do next."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import Request
from shared.domain.errors import (
    AuthRejected,
    BudgetSpent,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.wiring.brokers import SPECS
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

FIXTURES = Path(__file__).parents[1] / "fixtures"
ASKED = {
    "alpaca": Request("/v2/account/activities"),
    "oanda": Request("/v3/accounts/101-004-9990417-001/transactions"),
    "topstepx": Request("/api/Trade/search", json={"accountId": 21770041}),
    "schwab": Request("/trader/v1/accounts/B3C7/transactions"),
    "tradestation": Request("/v3/brokerage/accounts/11223344/historicalorders"),
    "tastytrade": Request("/accounts/5WT00001/transactions"),
    "binance": Request("/api/v3/myTrades", {"symbol": "BTCUSDT"}),
    "tradovate": Request("/v1/fill/list"),
    "ibkr": Request("/AccountManagement/FlexWebService/SendRequest", {"report": "activity"}),
}
TOKENS = {
    "topstepx": Request("/api/Auth/loginKey", json={}),
    "schwab": Request("/v1/oauth/token", form={}),
    "tradestation": Request("/oauth/token", form={}),
    "tastytrade": Request("/oauth/token", form={}),
    "tradovate": Request("/v1/auth/accesstokenrequest", json={}),
}


@dataclass(frozen=True)
class Case:
    """One refusal; `at_login` tells that it answers the question for a token."""

    broker: str
    sample: str
    meant: type[DaybiasError]
    status: int = 200
    wait_s: float | None = None
    headers: dict[str, str] = field(default_factory=dict)
    at_login: bool = False


CASES = (
    Case("alpaca", "401", AuthRejected, 401),
    Case("alpaca", "403", AuthRejected, 403),  # "treat 401 and 403 as reconnect"
    Case("alpaca", "404", RequestRejected, 404),
    Case("alpaca", "422_bad_type", RequestRejected, 422),
    Case("alpaca", "422_bad_date", RequestRejected, 422),
    Case("alpaca", "429", RateLimited, 429),
    Case("alpaca", "429", RateLimited, 429, 2.0, {"X-RateLimit-Reset": "{now+2}"}),
    Case("alpaca", "500", UpstreamUnavailable, 500),
    Case("alpaca", "503_html", UpstreamUnavailable, 503),
    Case("oanda", "400", RequestRejected, 400),
    Case("oanda", "401", AuthRejected, 401),
    Case("oanda", "403", RequestRejected, 403),  # "for that one account while others work"
    Case("oanda", "404", RequestRejected, 404),
    Case("oanda", "416", RequestRejected, 416),
    Case("oanda", "429", RateLimited, 429),
    Case("oanda", "503", UpstreamUnavailable, 503),
    Case("topstepx", "200_account_not_found", RequestRejected),
    Case("topstepx", "200_login_no_subscription", AuthRejected, at_login=True),
    Case("topstepx", "400_problem_details", RequestRejected, 400),
    Case("topstepx", "401_body", AuthRejected, 401),
    Case("topstepx", "429_body", RateLimited, 429),
    Case("topstepx", "503_body", UpstreamUnavailable, 503),
    Case("schwab", "401_expired_token", AuthRejected, 401),
    Case("schwab", "404_status_as_string", RequestRejected, 404),
    Case("schwab", "404_status_as_string", RequestRejected, 200),  # "handled as 404"
    Case("schwab", "400_trader_message", RequestRejected, 400),
    Case("schwab", "refresh_dead", AuthRejected, 400, at_login=True),
    Case("schwab", "gateway_fault", UpstreamUnavailable, 502),
    Case("schwab", "500_html", UpstreamUnavailable, 500),
    Case("schwab", "500_html", UpstreamUnavailable, 500, at_login=True),  # "still connected"
    Case("tradestation", "401", AuthRejected, 401),
    Case("tradestation", "400_since", RequestRejected, 400),
    Case("tradestation", "429", RateLimited, 429, 41.0),
    Case("tradestation", "503", UpstreamUnavailable, 503),
    Case("tradestation", "refresh_dead", AuthRejected, 403, at_login=True),
    Case("tradestation", "refresh_dead", AuthRejected, 400, at_login=True),
    Case("tastytrade", "401_token", AuthRejected, 401),
    Case("tastytrade", "401_no_user_agent", ContractBroken, 401),  # "named as such, no relogin"
    Case("tastytrade", "400_per_page", RequestRejected, 400),
    Case("tastytrade", "403", RequestRejected, 403),  # "one account only: flag that account"
    Case("tastytrade", "429", RateLimited, 429),
    Case("tastytrade", "refresh_dead", AuthRejected, 400, at_login=True),
    Case("tastytrade", "502_html", UpstreamUnavailable, 502),
    Case("tastytrade", "502_html", UpstreamUnavailable, 502, at_login=True),
    Case("binance", "400_clock", UpstreamUnavailable, 400),  # after one resync and one more try
    Case("binance", "400_ahead", UpstreamUnavailable, 400),
    Case("binance", "400_signature", AuthRejected, 400),
    Case("binance", "401_key", AuthRejected, 401),
    Case("binance", "401_key", AuthRejected, 400),  # "401 or 400 with -2015"
    Case("binance", "400_window", RequestRejected, 400),
    Case("binance", "400_combo", RequestRejected, 400),
    Case("binance", "400_symbol", RequestRejected, 400),
    Case("binance", "429", RateLimited, 429, 7.0),
    Case("binance", "418", RateLimited, 418, 120.0),
    Case("tradovate", "bad_login_200", AuthRejected, at_login=True),
    Case("tradovate", "time_penalty_200", BudgetSpent),  # waited for, again and again
    Case("tradovate", "captcha_200", RateLimited, 200, 3600.0, at_login=True),
    Case("tradovate", "violation_200", RequestRejected),
    Case("tradovate", "rate_429_body", RateLimited, 429, 3600.0),
    Case("tradovate", "expired_401_body", AuthRejected, 401),
    Case("ibkr", "sendrequest_fail_1001.xml", RateLimited, 200, 3600.0),  # "within the hour"
    Case("ibkr", "sendrequest_fail_1003.xml", RateLimited, 200, 3600.0),
    Case("ibkr", "sendrequest_fail_1012.xml", AuthRejected),
    Case("ibkr", "fail_1018_throttled.xml", RateLimited, 200, 3600.0),
    Case("ibkr", "warn_1025_lockout.xml", RateLimited, 200, 12 * 3600.0),
    Case("ibkr", "http500_maintenance.html", UpstreamUnavailable, 500),
    Case("ibkr", "http500_maintenance.html", UpstreamUnavailable, 200),  # "may be HTML with 200"
)


def answer(case: Case, now_s: float) -> httpx.Response:
    """Make the answer of a sample, which is a body, or status, headers and body."""
    if case.broker == "ibkr":
        return httpx.Response(case.status, content=(FIXTURES / "ibkr" / case.sample).read_bytes())
    found = samples(case.broker)[case.sample]
    headers = {
        name: text.replace("{now+2}", str(int(now_s) + 2)) for name, text in case.headers.items()
    }
    if isinstance(found, dict) and "body" in found:
        found, headers = found["body"], {**headers, **found.get("headers", {})}
    text = found if isinstance(found, str) else json.dumps(found)
    return httpx.Response(case.status, text=text, headers=headers)


def samples(broker: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / broker / "errors.json").read_text())
    return found


def names(case: Case) -> str:
    return f"{case.broker}-{case.sample}-{case.status}{'-login' * case.at_login}"


@pytest.mark.parametrize("case", CASES, ids=names)
async def test_a_refusal_is_sorted_by_what_is_done_next(case: Case) -> None:
    clock, spec = ManualClock(), SPECS[case.broker]
    now_s = clock.now().timestamp()

    def give(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v3/time":
            return httpx.Response(200, json={"serverTime": int(now_s * 1000)})
        return answer(case, now_s)

    session = Session("https://b.test", {}, httpx.MockTransport(give))
    client = BrokerClient(spec, session, clock, SeededEntropy(), clock.monotonic() + 120)
    async with session:
        with pytest.raises(DaybiasError) as raised:
            await client.ask_once((TOKENS if case.at_login else ASKED)[case.broker])
    assert isinstance(raised.value, case.meant), repr(raised.value)
    if isinstance(raised.value, RateLimited):
        assert raised.value.retry_after_s == case.wait_s


def all_samples() -> Iterator[tuple[str, str]]:
    for broker in ASKED.keys() - {"ibkr"}:
        yield from ((broker, name) for name in samples(broker))
    for file in (FIXTURES / "ibkr").iterdir():
        if any(word in file.name for word in ("fail", "warn", "500")):
            yield "ibkr", file.name


# What they mean depends on what was asked: they have tests of their own.
ELSEWHERE = {
    ("topstepx", "200_validate_expired"),  # a question that is never asked
    ("topstepx", "200_list_omitted"),
    ("ibkr", "getstatement_warn_1019.xml"),
}


def test_every_refusal_among_the_samples_is_sorted() -> None:
    assert set(all_samples()) - {(case.broker, case.sample) for case in CASES} == ELSEWHERE


def test_a_list_that_is_left_out_is_not_an_empty_one() -> None:
    body = samples("topstepx")["200_list_omitted"]
    with pytest.raises(ContractBroken, match="trades: expected an array"):
        SPECS["topstepx"].history[0].rows(body)


async def test_a_report_in_the_making_is_asked_for_again() -> None:
    clock, polls = ManualClock(), []
    waiting = (FIXTURES / "ibkr" / "getstatement_warn_1019.xml").read_bytes()
    report = (FIXTURES / "ibkr" / "trade_confirms_empty.xml").read_bytes()

    def give(_: httpx.Request) -> httpx.Response:
        polls.append(clock.monotonic())
        return httpx.Response(200, content=waiting if len(polls) < 3 else report)

    session = Session("https://b.test", {}, httpx.MockTransport(give))
    client = BrokerClient(SPECS["ibkr"], session, clock, SeededEntropy(), clock.monotonic() + 120)
    async with session:
        path = "/AccountManagement/FlexWebService/GetStatement"
        await client.ask_once(Request(path, {"reference": "1"}))
    assert [round(after - before) for before, after in pairwise(polls)] == [5, 5]
