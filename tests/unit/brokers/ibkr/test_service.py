"""Both steps of the service: how they are asked, and what their answers mean."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.brokers.ibkr.documents import decode
from shared.brokers.ibkr.service import (
    GET,
    SEND,
    NoReport,
    NotAsked,
    activity,
    confirmations,
    meaning,
    recent_activity,
    show_login,
    weekday_before,
)
from shared.brokers.spec import Again, Moment, Reply, Request
from shared.domain.errors import AuthRejected, ContractBroken, RateLimited

SAMPLES = Path(__file__).parents[3] / "fixtures" / "ibkr"
LOGIN = {"token": "123", "query_id": "456"}
NOW = Moment(datetime(2026, 9, 28, 3, 0, tzinfo=UTC))  # a Sunday evening in New York
FETCH = Request(GET, {"reference": "1234567890"})


def sample(name: str) -> Any:
    return decode((SAMPLES / f"{name}.xml").read_bytes())


def told(code: str, request: Request = FETCH, repeats: int = 0) -> Any:
    body = {"answer": {"status": "Fail", "errorcode": code}}
    return meaning(Reply(request, 200, body, repeats=repeats))


def test_a_report_is_asked_for_with_both_ends_of_its_days() -> None:
    shown = show_login(activity(date(2026, 9, 1), date(2026, 9, 18)), LOGIN, NOW)
    assert (shown.path, shown.params) == (
        SEND,
        {"t": "123", "v": "3", "q": "456", "fd": "20260901", "td": "20260918"},
    )


def test_the_last_days_end_with_the_last_weekday_in_new_york() -> None:
    shown = show_login(recent_activity(), LOGIN, NOW).params
    assert (shown["fd"], shown["td"]) == ("20260913", "20260925")


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_the_weekday_before_is_the_nearest(day: date) -> None:
    before = weekday_before(day)
    between = [before + timedelta(days=n) for n in range(1, (day - before).days)]
    assert before < day
    assert before.weekday() < 5
    assert all(one.weekday() > 4 for one in between)


def test_a_reference_is_fetched_with_the_token_alone() -> None:
    assert show_login(FETCH, LOGIN, NOW).params == {"t": "123", "v": "3", "q": "1234567890"}


@pytest.mark.parametrize("wrong", ["", "12 3", "abc", "\u0661"])
@pytest.mark.parametrize("field", ["token", "query_id"])
def test_a_login_that_can_be_none_is_not_sent(field: str, wrong: str) -> None:
    with pytest.raises(AuthRejected, match=field):
        show_login(recent_activity(), {**LOGIN, field: wrong}, NOW)


def test_confirmations_without_a_query_are_not_asked_for() -> None:
    with pytest.raises(NotAsked):
        show_login(confirmations(date(2026, 9, 28), date(2026, 9, 28)), LOGIN, NOW)


@pytest.mark.parametrize("name", ["Url", "url"])
def test_a_reference_leads_to_the_second_step_at_the_same_host(name: str) -> None:
    body = decode(
        "<FlexStatementResponse><Status>Success</Status><ReferenceCode>77</ReferenceCode>"
        f"<{name}>https://evil.example/</{name}></FlexStatementResponse>".encode()
    )
    assert meaning(Reply(recent_activity(), 200, body)) == Again(Request(GET, {"reference": "77"}))


def test_the_sample_of_a_reference_is_followed() -> None:
    found = meaning(Reply(recent_activity(), 200, sample("sendrequest_success")))
    assert found == Again(FETCH)


@pytest.mark.parametrize("reference", ["", "../x", "1&t=2"])
def test_a_reference_that_can_be_none_breaks_the_contract(reference: str) -> None:
    body = {"answer": {"status": "Success", "referencecode": reference}}
    assert isinstance(meaning(Reply(recent_activity(), 200, body)), ContractBroken)


def test_a_report_in_progress_is_asked_for_after_five_seconds() -> None:
    body = sample("getstatement_warn_1019")
    assert meaning(Reply(FETCH, 200, body, repeats=3)) == Again(FETCH, 5.0)


@pytest.mark.parametrize("code", ["1001", "1004", "1009", "1019", "1021"])
def test_a_request_that_failed_rests_for_an_hour(code: str) -> None:
    found = told(code, recent_activity())
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == 3600


@pytest.mark.parametrize("code", ["1001", "1004", "1009", "1021"])
def test_only_the_second_step_is_repeated(code: str) -> None:
    assert told(code) == Again(FETCH, 5.0)


@pytest.mark.parametrize("code", ["1003", "1020"])
def test_days_that_are_not_out_are_asked_for_a_weekday_earlier_once(code: str) -> None:
    again = told(code, recent_activity())
    assert isinstance(again, Again)
    shown = show_login(again.request, LOGIN, NOW).params
    assert (shown["fd"], shown["td"]) == ("20260913", "20260924")
    assert isinstance(told(code, again.request), NoReport)


def test_a_stretch_of_one_day_never_ends_before_it_begins() -> None:
    day = date(2026, 9, 18)
    again = told("1003", activity(day, day))
    assert show_login(again.request, LOGIN, NOW).params["td"] == "20260918"


def test_confirmations_that_are_not_out_are_not_asked_for_again() -> None:
    assert isinstance(told("1003", confirmations(date(2026, 9, 28), date(2026, 9, 28))), NoReport)


@pytest.mark.parametrize("code", ["1010", "1011", "1012", "1013", "1014", "1015", "1016"])
def test_what_the_user_must_mend_needs_the_user(code: str) -> None:
    found = told(code, recent_activity())
    assert isinstance(found, AuthRejected)
    assert f"({code})" in str(found)


def test_the_query_that_is_not_valid_is_named() -> None:
    asked = confirmations(date(2026, 9, 28), date(2026, 9, 28))
    assert "confirmations: the query is not valid" in str(told("1014", asked))


def test_a_lock_out_rests_for_twelve_hours() -> None:
    found = meaning(Reply(recent_activity(), 200, sample("warn_1025_lockout")))
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == 12 * 3600


def test_a_throttled_token_waits_a_few_times_and_then_for_an_hour() -> None:
    assert told("1018", recent_activity()) == Again(recent_activity(), 15.0)
    found = told("1018", recent_activity(), repeats=5)
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == 3600


@pytest.mark.parametrize("code", ["1017", "4711", ""])
def test_a_code_that_fits_nothing_breaks_the_contract(code: str) -> None:
    assert isinstance(told(code), ContractBroken)
    assert isinstance(told(code, recent_activity()), ContractBroken)


@pytest.mark.parametrize("body", [None, {"statements": []}, {"row": "Trade"}])
def test_whatever_is_no_short_answer_means_itself(body: Any) -> None:
    assert meaning(Reply(FETCH, 500, body)) is None


def test_no_error_tells_the_token() -> None:
    shown = replace(recent_activity(), params={"report": "activity"})
    assert "123" not in str(told("1012", shown))
