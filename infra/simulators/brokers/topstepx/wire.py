"""How TopstepX writes: numbers with their zeros, refusals inside HTTP 200, tokens that expire."""

import base64
import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.simulators.brokers.wire import JSON, Answer, Call
from infra.simulators.brokers.world import Refused
from shared.domain.time import parse_instant

_MARKED = re.compile(r'"\\u0000([^"]*)\\u0000"')


def success(**fields: Any) -> Answer:
    """Answer with the envelope of success."""
    return exact({**fields, "success": True, "errorCode": 0, "errorMessage": None})


def refusal(code: int, **fields: Any) -> Refused:
    """Refuse as the platform does: with HTTP 200; what a code means depends on the endpoint."""
    body = {**fields, "success": False, "errorCode": code, "errorMessage": None}
    return Refused(exact(body))


def status(code: int) -> Refused:
    """Refuse with a status and an empty body."""
    return Refused(Answer(code, b"", {"content-length": "0"}))


def problem(field: str, message: str) -> Refused:
    """Refuse a body as ASP.NET does."""
    body = {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.1",
        "title": "One or more validation errors occurred.",
        "status": 400,
        "errors": {field: [message]},
    }
    return Refused(Answer(400, json.dumps(body).encode(), JSON))


def exact(body: Any) -> Answer:
    """Write JSON whose decimals are numbers with every digit, trailing zeros too."""
    text = json.dumps(body, default=_mark)
    return Answer(200, _MARKED.sub(r"\1", text).encode(), JSON)


def _mark(value: Any) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"not JSON: {value!r}")
    return f"\0{value:f}\0"


def body_of(call: Call) -> Mapping[str, Any]:
    """Read a call's JSON object; nothing at all is an empty one.

    Raises: Refused.
    """
    try:
        body = json.loads(call.body or b"{}")
    except ValueError:
        raise problem("$", "The JSON value could not be converted.") from None
    if not isinstance(body, dict):
        raise problem("$", "The JSON value could not be converted.")
    return body


def required(body: Mapping[str, Any], field: str, kind: type) -> Any:
    """Take a field that must be there.

    Raises: Refused.
    """
    value = body.get(field)
    if type(value) is not kind:
        raise problem(field, f"The {field} field is required.")
    return value


def instant(body: Mapping[str, Any], field: str) -> datetime | None:
    """Read an optional instant.

    Raises: Refused.
    """
    if body.get(field) is None:
        return None
    try:
        return parse_instant(required(body, field, str))
    except ValueError:
        message = "The JSON value could not be converted to System.DateTimeOffset."
        raise problem(field, message) from None


def make_token(user_name: str, expires_at: datetime, number: int) -> str:
    """Make a JWT that can be decoded; clients look for `exp` in it."""
    claims = {"sub": user_name, "exp": int(expires_at.timestamp()), "jti": number}
    parts = (json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return ".".join(map(_base64, (*parts, b"simulator")))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
