"""How a request to Kraken shows its key: a nonce in the body, and a signature over both.

API-Sign = base64(HMAC-SHA512(key, path + SHA256(nonce + body))), the key being decoded from base64.
Source: docs.kraken.com "Authentication" (read 2026-11).
"""

import binascii
import hmac
from base64 import b64decode, b64encode
from dataclasses import replace
from hashlib import sha256
from urllib.parse import urlencode

from shared.brokers.spec import AuthScheme, Credentials, Moment, Request
from shared.domain.errors import AuthRejected

_FORM = "application/x-www-form-urlencoded"


def signature_of(private_key: str, path: str, nonce: str, body: str) -> str:
    """Sign a body, which holds the nonce too.

    Raises: AuthRejected when the private key is none.
    """
    try:
        key = b64decode(private_key, validate=True)
    except (ValueError, binascii.Error) as error:
        raise AuthRejected(
            "Kraken: the private key is not base64; copy it whole from the page that made the key"
        ) from error
    digest = sha256((nonce + body).encode()).digest()
    return b64encode(hmac.digest(key, path.encode() + digest, "sha512")).decode()


def sign(request: Request, credentials: Credentials, moment: Moment) -> Request:
    """Put nonce, password and form into a body, and sign it; what is public goes as it is."""
    if request.form is None:
        return request
    nonce, otp = str(moment.nonce), credentials.get("otp")
    body = urlencode({"nonce": nonce, **({"otp": otp} if otp else {}), **request.form})
    private_key = credentials["private_key"].strip()
    headers = {
        **request.headers,
        "API-Key": credentials["api_key"],
        "API-Sign": signature_of(private_key, request.path, nonce, body),
        "Content-Type": _FORM,
    }
    return replace(request, form=None, content=body, headers=headers)


SCHEME = AuthScheme(
    fields=("api_key", "private_key"),
    headers=lambda _: {},
    sign=sign,
    counts=True,
    optional=("otp",),  # of a key that was made with a password of its own
)
