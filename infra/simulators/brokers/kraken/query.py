"""What the simulated Kraken checks of a call; it refuses with HTTP 200 and texts in `error`."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import Any

from infra.simulators.brokers.kraken.account import Key
from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, form

PAGE = 50
_TRUE, _FALSE = ("true", "True", "1"), ("false", "False", "0")
_LOCK = timedelta(minutes=5)
_PATIENCE = 5  # refusals in a row until a key is locked (how many is unverified)

Shown = tuple[str, datetime, Any]


def said(result: Any) -> Answer:
    """Answer with a result."""
    return answer({"error": [], "result": result})


def refused(text: str) -> Refused:
    """Refuse as Kraken does."""
    return Refused(answer({"error": [text]}))


def invalid(name: str) -> Refused:
    """Say that a parameter is wrong."""
    return refused(f"EGeneral:Invalid arguments:{name}")


@dataclass
class Counter:
    """The calls of one key: each adds points, and a part of one falls away each second."""

    most: Decimal
    decay: Decimal
    points: Decimal = Decimal(0)
    at: datetime | None = None

    def take(self, cost: int, now: datetime) -> None:
        """Count a call, a refused one too.

        Raises: Refused.
        """
        if self.at is not None:
            passed = Decimal(str((now - self.at).total_seconds()))
            self.points = max(Decimal(0), self.points - self.decay * passed)
        self.at = now
        self.points += cost
        if self.points > self.most:
            raise refused("EAPI:Rate limit exceeded")


def assert_signed(call: Call, key: Key, now: datetime) -> None:
    """Make sure that the body was signed with the key's secret, and its nonce is a new one.

    Raises: Refused.
    """
    if key.locked_until is not None and now < key.locked_until:
        raise refused("EGeneral:Temporary lockout")
    body, asked = call.body.decode(), form(call)
    nonce = asked.get("nonce", "")
    digest = sha256((nonce + body).encode()).digest()
    mac = hmac.digest(b64decode(key.secret), call.path.encode() + digest, "sha512")
    if not hmac.compare_digest(b64encode(mac), call.headers.get("api-sign", "").encode()):
        raise refused("EAPI:Invalid signature")
    if not nonce.isdecimal() or not key.last_nonce < int(nonce) < 2**64:
        raise refused("EAPI:Invalid nonce")
    key.last_nonce = int(nonce)
    if asked.get("otp", "") != key.otp:
        raise permission_denied(key, now)


def permission_denied(key: Key, now: datetime) -> Refused:
    """Refuse what the key may not do; who goes on trying is locked out."""
    key.refusals += 1
    if key.refusals >= _PATIENCE:
        key.refusals, key.locked_until = 0, now + _LOCK
    return refused("EGeneral:Permission denied")


def flag(asked: Mapping[str, str], name: str, usual: bool) -> bool:  # noqa: FBT001 - a default
    """Read a truth, as any client writes it.

    Raises: Refused.
    """
    value = asked.get(name)
    if value not in (None, *_TRUE, *_FALSE):
        raise invalid(name)
    return usual if value is None else value in _TRUE


def page_of(rows: Sequence[Shown], asked: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Cut one page, newest first: after `start`, up to and with `end`, from `ofs` on.

    Raises: Refused.
    """
    since, until = (_bound(rows, asked, name) for name in ("start", "end"))
    found = [
        (name, body)
        for name, at, body in reversed(rows)
        if (since is None or since < _seconds(at)) and (until is None or _seconds(at) <= until)
    ]
    ofs = asked.get("ofs", "0")
    if not ofs.isdecimal():
        raise invalid("ofs")
    return len(found), dict(found[int(ofs) : int(ofs) + PAGE])


def _bound(rows: Sequence[Shown], asked: Mapping[str, str], name: str) -> Decimal | None:
    """Read a bound: seconds, or the id of a row."""
    value = asked.get(name)
    if value is None or value == "":
        return None
    for row_id, at, _ in rows:
        if row_id == value:
            return _seconds(at)
    try:
        return Decimal(value)
    except InvalidOperation:
        raise invalid(name) from None


def _seconds(at: datetime) -> Decimal:
    return Decimal(str(at.timestamp()))
