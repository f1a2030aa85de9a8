"""How a request to Binance shows its key: one signature over the exact query, last of all.

Source: binance/binance-spot-api-docs rest-api.md "SIGNED Endpoint security" (snapshot 2026-07-21).
Since 2026-01-15 values are percent-encoded before they are signed.
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from dataclasses import replace
from urllib.parse import quote, urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from shared.brokers.spec import AuthScheme, Credentials, Moment, Request
from shared.domain.errors import AuthRejected
from shared.domain.time import to_micros

PUBLIC = frozenset(("/api/v3/time", "/api/v3/exchangeInfo"))  # refuse parameters they do not know
_WINDOW_MS = "5000"
_BEGIN, _END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"


def signature_of(secret: str, payload: str) -> str:
    """Sign a query: with HMAC-SHA256, or with Ed25519 where the secret is a private key in PEM.

    Raises: AuthRejected when such a key cannot be read.
    """
    if "-----BEGIN" in secret:
        return b64encode(_private_key(secret).sign(payload.encode())).decode()
    return hmac.digest(secret.encode(), payload.encode(), "sha256").hex()


def sign(request: Request, credentials: Credentials, moment: Moment) -> Request:
    """Put the whole query into the path, with its time and its signature."""
    if request.path in PUBLIC:
        return request
    at_ms = to_micros(moment.now) // 1000
    payload = urlencode(
        {**request.params, "recvWindow": _WINDOW_MS, "timestamp": str(at_ms)}, quote_via=quote
    )
    signature = quote(signature_of(credentials["secret"], payload), safe="")
    return replace(request, path=f"{request.path}?{payload}&signature={signature}", params={})


def _private_key(pem: str) -> Ed25519PrivateKey:
    """Read a key in PEM, also one whose line ends were lost where it was pasted."""
    begin, end = pem.find(_BEGIN), pem.find(_END)
    try:
        body = pem[begin + len(_BEGIN) : end].replace("\\n", "") if 0 <= begin < end else ""
        key = load_der_private_key(b64decode("".join(body.split()), validate=True), None)
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error) as error:
        raise AuthRejected(f"Binance: the private key cannot be read; {_EXPECTED}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AuthRejected(f"Binance: the private key is of another kind; {_EXPECTED}")
    return key


_EXPECTED = "expected an Ed25519 key without a password, in PEM (BEGIN PRIVATE KEY)"


SCHEME = AuthScheme(
    fields=("api_key", "secret"),
    headers=lambda credentials: {"X-MBX-APIKEY": credentials["api_key"]},
    sign=sign,
)
