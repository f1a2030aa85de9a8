"""The vectors of the fact sheet, and keys in the forms that people paste."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from shared.brokers.binance.signing import SCHEME, sign, signature_of
from shared.brokers.spec import Moment, Request
from shared.domain.errors import AuthRejected

SECRET = "DAYBIASEXAMPLESECRET0000000000000000000000000000000000000000abcd"
PAYLOAD = (
    "symbol=BTCUSDT&startTime=1763856000000&endTime=1763942399999&limit=1000"
    "&recvWindow=5000&timestamp=1763942400123"
)
HMAC = "6349e6d539a4b3a6a04a2974a6b281132f422df16af10fbd5861f4673a49ec41"
ED25519 = "VkqNkBSoAWU+KogjKVunjyEnQZgZJH7f8TRBhI5gFhU92av8VPhTx5xM9HtB+Ek3YTT7P61KehCKmYTYJbe4Cw=="
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
ASKED = Request(
    "/api/v3/myTrades",
    {
        "symbol": "BTCUSDT",
        "startTime": "1763856000000",
        "endTime": "1763942399999",
        "limit": "1000",
    },
)
AT = Moment(datetime(2025, 11, 24, 0, 0, 0, 123000, tzinfo=UTC))


def test_a_secret_signs_as_the_sheet_says() -> None:
    assert signature_of(SECRET, PAYLOAD) == HMAC


@pytest.mark.parametrize(
    "pem",
    [PEM, PEM.replace("\n", " "), PEM.replace("\n", "\\n"), PEM.replace("\n", ""), f"  {PEM}\r\n"],
    ids=["whole", "in one line", "escaped", "without line ends", "with space around"],
)
def test_a_private_key_signs_as_the_sheet_says_however_it_was_pasted(pem: str) -> None:
    assert signature_of(pem, PAYLOAD) == ED25519


def test_a_request_is_sent_as_it_was_signed_with_its_signature_last() -> None:
    signed = sign(ASKED, {"api_key": "k", "secret": SECRET}, AT)
    assert (signed.path, signed.params) == (f"/api/v3/myTrades?{PAYLOAD}&signature={HMAC}", {})


def test_a_signature_in_base64_is_percent_encoded() -> None:
    signed = sign(ASKED, {"api_key": "k", "secret": PEM}, AT)
    encoded = ED25519.replace("+", "%2B").replace("=", "%3D").replace("/", "%2F")
    assert signed.path.endswith(f"&signature={encoded}")


def test_values_are_encoded_before_they_are_signed() -> None:
    strange = Request("/api/v3/myTrades", {"symbol": "币安&a=1"})
    path = sign(strange, {"api_key": "k", "secret": SECRET}, AT).path
    payload, _, signature = path.partition("?")[2].partition("&signature=")
    assert payload.startswith("symbol=%E5%B8%81%E5%AE%89%26a%3D1&")
    assert signature == signature_of(SECRET, payload)


@pytest.mark.parametrize("path", ["/api/v3/time", "/api/v3/exchangeInfo"])
def test_a_public_question_stays_as_it_is(path: str) -> None:
    assert sign(Request(path), {"api_key": "k", "secret": SECRET}, AT) == Request(path)


OTHER = generate_private_key(SECP256R1()).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)
LOCKED = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))


@pytest.mark.parametrize(
    "pem",
    [
        OTHER.decode(),
        LOCKED.decode(),
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n!!\n-----END PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----{b64encode(b'nothing').decode()}-----END PRIVATE KEY-----",
    ],
    ids=["another kind", "with a password", "cut", "no base64", "no key"],
)
def test_a_private_key_that_cannot_sign_needs_the_user(pem: str) -> None:
    with pytest.raises(AuthRejected, match="expected an Ed25519 key"):
        signature_of(pem, PAYLOAD)


def test_the_key_is_shown_in_its_header() -> None:
    assert SCHEME.headers({"api_key": "k", "secret": SECRET}) == {"X-MBX-APIKEY": "k"}
