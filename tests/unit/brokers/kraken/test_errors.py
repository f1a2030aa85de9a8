import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.kraken.errors import PermissionDenied, error_of
from shared.brokers.spec import Again, Reply, Request
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)

SAMPLES = json.loads(
    (Path(__file__).parents[3] / "fixtures" / "kraken" / "errors.json").read_bytes()
)
ASKED = Request("/0/private/TradesHistory", form={})
NOW = datetime(2025, 11, 24, 0, 0, tzinfo=UTC)  # 1763942400


def meaning(body: Any, *, status: int = 200, repeats: int = 0) -> DaybiasError | Again | None:
    return error_of(Reply(ASKED, status, body, {}, repeats, NOW))


def of(text: str, **more: int) -> DaybiasError | Again | None:
    return meaning({"error": [text]}, **more)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rate_limit_200", Again),
        ("nonce_200", Again),
        ("key_200", AuthRejected),
        ("signature_200", AuthRejected),
        ("permission_200", PermissionDenied),
        ("lockout_200", RateLimited),
        ("throttled_200", RateLimited),
        ("unavailable_200", UpstreamUnavailable),
        ("warning_200", type(None)),
    ],
)
def test_each_saved_refusal_has_its_meaning(name: str, kind: type) -> None:
    assert isinstance(meaning(SAMPLES[name]), kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("EService:Busy", UpstreamUnavailable),
        ("EService:Market in cancel_only mode", UpstreamUnavailable),
        ("EGeneral:Internal error", UpstreamUnavailable),
        ("EService: Throttled: soon", UpstreamUnavailable),
        ("EGeneral:Invalid arguments:ofs", ContractBroken),
        ("EGeneral:Unknown method", RequestRejected),
        ("EQuery:Unknown asset pair", RequestRejected),
        ("EOrder:Rate limit exceeded", Again),
        ("EAPI:Something new", RequestRejected),
    ],
)
def test_a_text_is_matched_by_its_beginning(text: str, kind: type) -> None:
    assert isinstance(of(text), kind)


@pytest.mark.parametrize("body", [None, [], "text"])
def test_a_page_of_the_edge_is_no_word_about_the_key(body: Any) -> None:
    assert isinstance(meaning(body, status=403), UpstreamUnavailable)
    assert meaning(body, status=502) is None


@pytest.mark.parametrize("body", [{}, {"error": None}, {"error": []}, {"error": [7]}])
def test_no_text_leaves_http_s_meaning(body: Any) -> None:
    assert meaning(body) is None


def test_an_error_beside_a_warning_is_an_error() -> None:
    assert isinstance(meaning({"error": ["WGeneral:x", "EAPI:Invalid key"]}), AuthRejected)


@pytest.mark.parametrize(("repeats", "wait_s"), [(0, 45), (1, 90), (2, 180)])
def test_a_full_counter_is_waited_for_longer_each_time(repeats: int, wait_s: float) -> None:
    assert of("EAPI:Rate limit exceeded", repeats=repeats) == Again(ASKED, after_s=wait_s)


def test_a_counter_that_stays_full_is_left_alone() -> None:
    found = of("EAPI:Rate limit exceeded", repeats=3)
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == 360


@pytest.mark.parametrize(("seconds", "wait_s"), [(60, 60), (-5, 0)])
def test_a_throttling_ends_when_it_says(seconds: int, wait_s: float) -> None:
    until = int((NOW + timedelta(seconds=seconds)).timestamp())
    found = of(f"EService: Throttled: {until}")
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == wait_s


def test_a_nonce_is_raised_twice_and_then_another_program_has_the_key() -> None:
    text = "EAPI:Invalid nonce"
    assert [of(text, repeats=n) for n in (0, 1)] == [Again(ASKED)] * 2
    found = of(text, repeats=2)
    assert isinstance(found, AuthRejected)
    assert "another program" in str(found)


def test_a_lock_out_lasts_a_quarter_of_an_hour() -> None:
    found = of("EGeneral:Temporary lockout")
    assert isinstance(found, RateLimited)
    assert found.retry_after_s == 900
