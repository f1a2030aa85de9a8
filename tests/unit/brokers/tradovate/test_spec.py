from typing import Any

import pytest

from shared.brokers.spec import Again, Reply, Request
from shared.brokers.tradovate.login import LOGIN
from shared.brokers.tradovate.spec import error_of
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
)
from tests.unit.brokers.tradovate.samples import load

ERRORS = load("errors")
LIST = Request("/v1/fill/list")


def meaning(body: Any, request: Request = LIST, status: int = 200) -> DaybiasError | Again | None:
    return error_of(Reply(request, status, body))


def test_a_bad_login_comes_with_200() -> None:
    assert isinstance(meaning(ERRORS["bad_login_200"], Request(LOGIN, json={})), AuthRejected)


def test_the_same_words_elsewhere_concern_the_question() -> None:
    assert isinstance(meaning(ERRORS["bad_login_200"]), RequestRejected)


def test_a_ticket_goes_into_the_query_of_a_get() -> None:
    asked = Request("/v1/order/items", {"ids": "1,2"})
    found = meaning(ERRORS["time_penalty_200"], asked)
    assert found == Again(Request(asked.path, {"ids": "1,2", "p-ticket": "pt-7c1e"}), 15)


def test_a_ticket_goes_into_the_body_of_a_post() -> None:
    found = meaning(ERRORS["time_penalty_200"], Request("/x", json={"accountId": 1}))
    assert found == Again(Request("/x", json={"accountId": 1, "p-ticket": "pt-7c1e"}), 15)


@pytest.mark.parametrize("path", [LOGIN, "/v1/fill/list"])
def test_a_captcha_is_left_alone_for_an_hour(path: str) -> None:
    found = meaning(ERRORS["captcha_200"], Request(path))
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == 3600


@pytest.mark.parametrize(("status", "wait_s"), [(429, 3600), (423, 60)])
def test_limits_say_how_long_nothing_is_asked(status: int, wait_s: int) -> None:
    found = meaning(None, status=status)
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == wait_s


@pytest.mark.parametrize(
    "body",
    [
        ERRORS["violation_200"],
        {"ok": False},
        {"failureReason": "AccountClosed", "failureText": "closed"},
    ],
)
def test_refusals_come_in_many_forms(body: Any) -> None:
    assert isinstance(meaning(body), RequestRejected)


@pytest.mark.parametrize(
    "body", [[], [{"errorText": "x"}], {"errorText": ""}, {"totalCashValue": 5}, None]
)
def test_what_is_no_refusal_has_no_other_meaning(body: Any) -> None:
    assert meaning(body) is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"p-ticket": 7, "p-time": 15}, ContractBroken),
        ({"p-ticket": "t", "p-time": "soon"}, ContractBroken),
        ({"p-ticket": "t", "p-time": 86_400}, RateLimited),
    ],
)
def test_a_penalty_that_cannot_be_served_is_told(body: Any, kind: type[DaybiasError]) -> None:
    assert isinstance(meaning(body), kind)


@pytest.mark.parametrize("status", [307, 308])
def test_a_moved_host_is_asked_the_same(status: int) -> None:
    asked = Request("/v1/fill/list", shared=True)
    location = {"location": "https://demo-org7.tradovateapi.com/elsewhere?x=1"}
    found = error_of(Reply(asked, status, None, location))
    assert isinstance(found, Again)
    assert (found.request.host, found.request.path, found.request.params) == (
        "https://demo-org7.tradovateapi.com",
        "/v1/fill/list",
        {},
    )


def test_a_host_that_moves_on_and_on_is_followed_three_times() -> None:
    location = {"location": "https://demo-org7.tradovateapi.com/"}
    assert isinstance(error_of(Reply(LIST, 307, None, location, repeats=2)), Again)
    assert isinstance(error_of(Reply(LIST, 307, None, location, repeats=3)), ContractBroken)


@pytest.mark.parametrize("location", [{}, {"location": "https://evil.example/v1/fill/list"}])
def test_another_host_is_not_shown_the_token(location: dict[str, str]) -> None:
    assert isinstance(error_of(Reply(LIST, 307, None, location)), ContractBroken)


def test_no_meaning_quotes_an_answer() -> None:
    found = meaning({"errorText": "secret-words"})
    assert "secret-words" not in str(found)
