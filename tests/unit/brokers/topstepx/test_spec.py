from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.spec import BrokerAccount, Page, Reply, Request, Window
from shared.brokers.topstepx.spec import SPEC, error_of
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.domain.money import loads_exact
from shared.domain.time import parse_instant

SAMPLES = Path(__file__).parents[3] / "fixtures" / "topstepx"
ACCOUNT = BrokerAccount("21770041", "50KTC", "USD")
LOGIN = Request("/api/Auth/loginKey", json={})
TRADES = Request("/api/Trade/search", json={})
NOW = parse_instant("2026-03-16T14:00:00Z")
(ENDPOINT,) = SPEC.history
RENEWAL = SPEC.auth["api_key"].renewal
assert RENEWAL is not None


def sample(name: str) -> Any:
    return loads_exact((SAMPLES / f"{name}.json").read_bytes())


ERRORS = sample("errors")


def refused(code: Any) -> dict[str, Any]:
    return {"success": False, "errorCode": code, "errorMessage": None}


@pytest.mark.parametrize("code", [1, 2, 3])
def test_a_wrong_key_asks_the_user_and_says_which_name_is_meant(code: int) -> None:
    meant = error_of(Reply(LOGIN, 200, refused(code)))
    assert isinstance(meant, AuthRejected)
    assert "not the e-mail" in str(meant)


@pytest.mark.parametrize(
    ("code", "words"), [(7, "agreements"), (9, "API subscription"), (10, "switched off")]
)
def test_what_stands_in_the_way_of_a_login_is_told(code: int, words: str) -> None:
    meant = error_of(Reply(LOGIN, 200, refused(code)))
    assert isinstance(meant, AuthRejected)
    assert words in str(meant)


def test_a_login_error_without_a_name_may_pass() -> None:
    assert isinstance(error_of(Reply(LOGIN, 200, refused(8))), UpstreamUnavailable)


@pytest.mark.parametrize("code", [4, 5, 99, None, "9"])
def test_other_refusals_of_a_login_are_for_us_and_not_for_the_user(code: Any) -> None:
    assert isinstance(error_of(Reply(LOGIN, 200, refused(code))), RequestRejected)


def test_an_account_that_is_not_found_is_no_login_trouble() -> None:
    meant = error_of(Reply(TRADES, 200, ERRORS["200_account_not_found"]))
    assert isinstance(meant, RequestRejected)
    assert "account" in str(meant)


@pytest.mark.parametrize(("status", "body"), [(401, None), (429, None), (503, None), (400, {})])
def test_http_keeps_its_meaning(status: int, body: Any) -> None:
    assert error_of(Reply(TRADES, status, body)) is None


def test_success_is_no_error() -> None:
    assert error_of(Reply(TRADES, 200, sample("trades"))) is None


@given(st.recursive(st.none() | st.text() | st.integers(), lambda x: st.lists(x), max_leaves=3))
def test_no_body_breaks_the_error_map(value: Any) -> None:
    for body in (value, refused(value)):
        for request in (LOGIN, TRADES):
            error_of(Reply(request, 200, body))


def test_the_key_is_traded_for_a_token_that_lives_a_day() -> None:
    request = RENEWAL.request({"user_name": "trader", "api_key": "k"})
    assert (request.method, request.path) == ("POST", "/api/Auth/loginKey")
    assert request.json == {"userName": "trader", "apiKey": "k"}
    kept = RENEWAL.read(sample("login_key"), NOW)
    assert kept["expires_at"] == "2026-03-17T14:00:00Z"
    headers = SPEC.auth["api_key"].headers(kept)
    assert headers == {"Authorization": f"Bearer {sample('login_key')['token']}"}


@pytest.mark.parametrize("body", [None, [], {}, sample("login_key_bad")])
def test_a_login_without_a_token_breaks_the_contract(body: Any) -> None:
    with pytest.raises(ContractBroken):
        RENEWAL.read(body, NOW)


def test_blown_and_passed_accounts_are_asked_for_too() -> None:
    assert SPEC.accounts.request.json == {"onlyActiveAccounts": False}


class Platform:
    """Answers like TopstepX: all rows between two instants, at most `cap`, ends as it likes."""

    def __init__(self, *times: datetime, cap: int = 10_000, exclusive: bool = False) -> None:
        self.times, self.cap, self.exclusive = times, cap, exclusive
        self.asked: list[tuple[datetime, datetime]] = []

    async def ask(self, request: Request) -> Any:
        assert request.json is not None
        assert (request.path, request.json["accountId"]) == ("/api/Trade/search", 21770041)
        since, until = (parse_instant(request.json[f"{n}Timestamp"]) for n in ("start", "end"))
        self.asked.append((since, until))
        ends = {since, until} if self.exclusive else set()
        found = [at for at in self.times if since <= at <= until and at not in ends]
        return {"trades": found[-self.cap :], "success": True}


async def walked(platform: Platform, window: Window) -> list[Page]:
    return [page async for page in ENDPOINT.walk(platform.ask, ACCOUNT, window)]


@pytest.mark.parametrize("exclusive", [False, True])
async def test_fills_at_the_ends_of_a_window_and_of_its_weeks_are_read(exclusive: bool) -> None:
    window = Window(NOW - timedelta(days=21), NOW)
    times = tuple(window.since + timedelta(days=7 * week) for week in range(4))
    pages = await walked(Platform(*times, exclusive=exclusive), window)
    assert {at for page in pages for at in page.rows} == set(times)


async def test_no_request_spans_more_than_a_week_and_its_margins() -> None:
    platform = Platform()
    await walked(platform, Window(NOW - timedelta(days=90), NOW))
    assert max(until - since for since, until in platform.asked) == timedelta(days=7, seconds=2)


async def test_an_answer_that_may_be_cut_is_asked_for_in_halves() -> None:
    times = tuple(NOW - timedelta(seconds=10 * i) for i in reversed(range(3000)))
    pages = await walked(Platform(*times, cap=1000), Window(NOW - timedelta(days=1), NOW))
    assert {at for page in pages for at in page.rows} == set(times)
