from datetime import UTC, datetime

import pytest

from shared.brokers.kraken.signing import SCHEME, sign, signature_of
from shared.brokers.kraken.walk import PAIRS
from shared.brokers.spec import Moment, Request
from shared.domain.errors import AuthRejected

SECRET = "ZGF5Ymlhcy1leGFtcGxlLXNlY3JldC1ub3QtYS1yZWFsLWtleS0wMTIzNDU2Nzg5LTAxMjM0NTY3ODktMDE="
LOGIN = {"api_key": "KEY1", "private_key": SECRET}
MOMENT = Moment(datetime(2025, 11, 24, tzinfo=UTC), 1_763_942_400_123)
ASKED = Request(
    "/0/private/TradesHistory",
    form={
        "type": "all",
        "start": "1763856000",
        "end": "1763942400",
        "ofs": "0",
        "consolidate_taker": "true",
        "ledgers": "true",
    },
)
BODY = (
    "nonce=1763942400123&type=all&start=1763856000&end=1763942400&ofs=0"
    "&consolidate_taker=true&ledgers=true"
)
SIGNATURE = (
    "Q+YUDqHTyoXkihrA4Yn2pFg/dBVdp9cz232EQdydEb6RNzGLW/puq2Kgj2j/p2KeKn71OemrXaNc3/caa0x0nQ=="
)


def test_the_fact_sheet_s_example_is_signed_as_it_says() -> None:
    assert signature_of(SECRET, ASKED.path, "1763942400123", BODY) == SIGNATURE


def test_a_request_carries_the_very_body_that_was_signed() -> None:
    signed = sign(ASKED, LOGIN, MOMENT)
    assert (signed.method, signed.form, signed.content) == ("POST", None, BODY)
    assert signed.headers == {
        "API-Key": "KEY1",
        "API-Sign": SIGNATURE,
        "Content-Type": "application/x-www-form-urlencoded",
    }


def test_a_password_goes_into_the_body_that_is_signed() -> None:
    signed = sign(ASKED, {**LOGIN, "otp": "842351"}, MOMENT)
    assert (signed.content or "").startswith("nonce=1763942400123&otp=842351&type=all")
    assert signed.headers["API-Sign"] != SIGNATURE


def test_what_is_public_is_not_signed() -> None:
    assert sign(PAIRS, LOGIN, MOMENT) == PAIRS


def test_spaces_around_a_pasted_key_do_no_harm() -> None:
    assert sign(ASKED, {**LOGIN, "private_key": f" {SECRET}\n"}, MOMENT).content == BODY


def test_a_private_key_that_is_none_is_told_before_anything_is_sent() -> None:
    with pytest.raises(AuthRejected, match="not base64"):
        sign(ASKED, {**LOGIN, "private_key": "no key"}, MOMENT)


def test_the_secret_is_in_no_header_of_its_own() -> None:
    assert (SCHEME.headers(LOGIN), SCHEME.counts) == ({}, True)
