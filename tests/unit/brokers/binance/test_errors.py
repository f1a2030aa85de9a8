import json
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.binance.errors import SymbolGone, error_of
from shared.brokers.spec import Again, Reply, Request
from shared.domain.errors import (
    AuthRejected,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)

SAMPLES = Path(__file__).parents[3] / "fixtures" / "binance" / "errors.json"
ERRORS: dict[str, Any] = json.loads(SAMPLES.read_text())
ASKED = Request("/api/v3/myTrades", {"symbol": "BTCUSDT"})


def meaning(status: int, body: Any, repeats: int = 0, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_of(Reply(ASKED, status, body, named, repeats))


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("400_signature", AuthRejected),
        ("401_key", AuthRejected),
        ("400_symbol", SymbolGone),
    ],
)
def test_the_samples_mean_what_to_do(name: str, error: type[Exception]) -> None:
    assert isinstance(meaning(int(name[:3]), ERRORS[name]), error)


@pytest.mark.parametrize("name", ["400_window", "400_combo"])
def test_a_question_of_ours_that_is_wrong_means_what_http_says(name: str) -> None:
    assert meaning(400, ERRORS[name]) is None


@pytest.mark.parametrize("name", ["400_clock", "400_ahead"])
def test_a_wrong_clock_is_set_once_and_then_is_the_exchange_s_trouble(name: str) -> None:
    assert meaning(400, ERRORS[name]) == Again(ASKED, resync=True)
    assert isinstance(meaning(400, ERRORS[name], 1), UpstreamUnavailable)


@pytest.mark.parametrize("status", [400, 401])
def test_one_code_for_three_causes_names_all_three(status: int) -> None:
    said = str(meaning(status, ERRORS["401_key"]))
    assert all(cause in said for cause in ("key still exists", "IP address", "it may read"))


@pytest.mark.parametrize("code", [-1002, -2008, -2014])
def test_other_refused_keys_need_the_user(code: int) -> None:
    assert isinstance(meaning(401, {"code": code, "msg": "x"}), AuthRejected)


def test_a_ban_lasts_as_long_as_it_says() -> None:
    told = ERRORS["418"]
    limited = meaning(418, told["body"], retry_after=told["headers"]["Retry-After"])
    assert isinstance(limited, RateLimited)
    assert limited.retry_after_s == 120


@pytest.mark.parametrize("headers", [{}, {"retry_after": "soon"}])
def test_a_ban_that_names_no_end_lasts_the_shortest_one(headers: dict[str, str]) -> None:
    assert meaning(418, None, **headers).retry_after_s == 120


def test_a_used_up_weight_means_what_http_says() -> None:
    assert meaning(429, ERRORS["429"]["body"]) is None


def test_the_firewall_is_left_alone_for_five_minutes() -> None:
    limited = meaning(403, None)
    assert (type(limited), limited.retry_after_s) == (RateLimited, 300)


def test_a_place_that_is_not_served_is_told_with_what_to_do() -> None:
    refused = meaning(451, {"code": 0, "msg": "restricted location"})
    assert (type(refused), "own machine" in str(refused)) == (RequestRejected, True)


@pytest.mark.parametrize("code", [-1001, -1007, -1008])
def test_an_exchange_that_is_busy_is_asked_again(code: int) -> None:
    assert isinstance(meaning(400, {"code": code}), UpstreamUnavailable)


@pytest.mark.parametrize("body", [None, "x", [], {}, {"code": "x"}, {"code": []}, {"code": -1}])
def test_a_body_without_a_known_code_means_what_http_says(body: Any) -> None:
    assert meaning(400, body) is None


def test_an_answer_of_success_is_no_error_whatever_it_holds() -> None:
    assert meaning(200, {"code": -2015}) is None
