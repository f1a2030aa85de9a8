"""What Binance refuses: keys, signatures, clocks, and parameters that do not go together."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from infra.simulators.brokers.wire import Call, answer
from infra.simulators.brokers.world import Refused
from shared.domain.time import to_micros

MOST = 1000
DAY_MS = 86_400_000
_TOGETHER = ("orderId", "startTime", "endTime", "fromId")
_SPOT = (
    frozenset[str](),
    frozenset(("orderId",)),
    frozenset(("startTime",)),
    frozenset(("endTime",)),
    frozenset(("fromId",)),
    frozenset(("startTime", "endTime")),
    frozenset(("orderId", "fromId")),
)


def refused(code: int, message: str, status: int = 400) -> Refused:
    """Word an error as Binance does."""
    return Refused(answer({"code": code, "msg": message}, status))


def no_symbol() -> Refused:
    """Say that there is no such symbol."""
    return refused(-1121, "Invalid symbol.")


def no_key() -> Refused:
    """Say that a key is refused, for whatever reason."""
    return refused(-2015, "Invalid API-key, IP, or permissions for action.", 401)


def check_signature(call: Call, secret: str | Ed25519PublicKey) -> None:
    """Verify the signature over the raw query up to it.

    Raises: Refused.
    """
    payload, found, signature = call.raw_query.partition("&signature=")
    if not found or not _is_signed(payload + call.body.decode(), unquote(signature), secret):
        raise refused(-1022, "Signature for this request is not valid.")


def _is_signed(payload: str, signature: str, secret: str | Ed25519PublicKey) -> bool:
    if isinstance(secret, str):
        expected = hmac.digest(secret.encode(), payload.encode(), "sha256").hex()
        return hmac.compare_digest(expected, signature.lower())
    try:
        secret.verify(b64decode(signature), payload.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def check_clock(query: Mapping[str, str], server: datetime) -> None:
    """Compare a request's time with the server's.

    Raises: Refused.
    """
    asked, window = number(query, "timestamp"), number(query, "recvWindow", 5000)
    if asked is None:
        raise refused(-1102, "Mandatory parameter 'timestamp' was not sent.")
    server_ms = ms(server)
    if asked >= server_ms + 1000:
        raise refused(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if server_ms - asked > min(window or 0, 60_000):
        raise refused(-1021, "Timestamp for this request is outside of the recvWindow.")


def number(query: Mapping[str, str], name: str, default: int | None = None) -> int | None:
    """Read a whole number.

    Raises: Refused.
    """
    if name not in query:
        return default
    text = query[name]
    if not (text.isascii() and text.isdecimal()):
        raise refused(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(text)


def limit(query: Mapping[str, str], default: int) -> int:
    """Read how many rows are asked for.

    Raises: Refused.
    """
    asked = number(query, "limit", default) or default
    if asked > MOST:
        raise refused(-1130, "Data sent for parameter 'limit' is not valid.")
    return asked


def symbol(query: Mapping[str, str], known: Callable[[str], bool]) -> str:
    """Read the symbol that must be there.

    Raises: Refused.
    """
    if "symbol" not in query:
        raise refused(-1102, "Mandatory parameter 'symbol' was not sent.")
    if not known(query["symbol"]):
        raise no_symbol()
    return query["symbol"]


def spot_window(query: Mapping[str, str]) -> None:
    """Hold a question for spot trades to the combinations that are allowed.

    Raises: Refused.
    """
    if frozenset(query).intersection(_TOGETHER) not in _SPOT:
        raise refused(-1128, "Combination of optional parameters invalid.")
    since, until = number(query, "startTime"), number(query, "endTime")
    if since is not None and until is not None and until - since > DAY_MS:
        raise refused(-1127, "More than 24 hours between startTime and endTime.")


def futures_window(query: Mapping[str, str], now: datetime) -> tuple[int, int]:
    """Read the two times of a question for futures trades; a week without any.

    The codes are unverified.
    Raises: Refused for more than a week, and for times beside an id.
    """
    since, until = number(query, "startTime"), number(query, "endTime")
    if "fromId" in query and (since is not None or until is not None):
        raise refused(-1128, "Combination of optional parameters invalid.")
    if since is None:
        until = ms(now) if until is None else until
        return until - 7 * DAY_MS, until
    until = since + 7 * DAY_MS if until is None else until
    if until - since > 7 * DAY_MS:
        raise refused(-4165, "Maximum time interval is 7 days.")
    return since, until


def ms(at: datetime) -> int:
    """Count milliseconds since 1970."""
    return to_micros(at) // 1000
