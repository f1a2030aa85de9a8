"""What Kraken's refusals mean: HTTP 200 with texts in `error`; those with a W are warnings.

Source: docs.kraken.com "Errors" and "Rate limits" (read 2026-11).
"""

import logging

from shared.brokers.spec import Again, Reply
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)

_log = logging.getLogger(__name__)

_COUNTER_S = 45.0  # until a full counter is empty, at 0.33 a second
_DOUBLINGS = 3
_LOCKED_S = 900.0  # "a few minutes"; each try makes it longer
_NONCES = 2
_BUSY = ("EService:", "EGeneral:Internal error")
_KEY = {
    "EAPI:Invalid key": "there is no such API key; it may have been deleted or have expired",
    "EAPI:Invalid signature": "the private key does not belong to the API key",
}
_ANOTHER = (
    "Kraken: the nonces of this key are used up, because another program uses this key; "
    "make a key for Daybias alone and connect again"
)


class PermissionDenied(AuthRejected):
    """The key is good and may not read this."""


def error_of(reply: Reply) -> DaybiasError | Again | None:
    """Tell what a refusal means; None where HTTP's own meaning holds."""
    if not isinstance(reply.body, dict):
        if reply.status == 403:  # the page of who stands in front: the key was not looked at
            return UpstreamUnavailable("Kraken's front turned us away")
        return None
    told = reply.body.get("error")
    texts = [text for text in told if isinstance(text, str)] if isinstance(told, list) else []
    for text in texts:
        if text.startswith("W"):
            _log.warning("kraken.warning", extra={"path": reply.request.path})
    errors = [text for text in texts if text.startswith("E")]
    return _meaning(errors[0], reply) if errors else None


def _meaning(text: str, reply: Reply) -> DaybiasError | Again:
    path = reply.request.path
    if text in _KEY:
        return AuthRejected(f"Kraken: {_KEY[text]}")
    if text.startswith("EGeneral:Permission denied"):
        return PermissionDenied(
            f"Kraken: the key may not ask for {path}: give it Query funds, Query closed orders "
            "& trades and Query ledger entries, and see that it allows this machine's address"
        )
    if text.startswith("EAPI:Invalid nonce"):
        return Again(reply.request) if reply.repeats < _NONCES else AuthRejected(_ANOTHER)
    if text.startswith(_BUSY) or "imit exceeded" in text or "lockout" in text:
        return _passing(text, reply)
    if text.startswith("EGeneral:Invalid arguments"):
        return ContractBroken(f"Kraken does not understand how {path} is asked: update Daybias")
    return RequestRejected(f"Kraken refuses {path}", status=reply.status)


def _passing(text: str, reply: Reply) -> DaybiasError | Again:
    if text.startswith("EGeneral:Temporary lockout"):
        return RateLimited("Kraken has locked this key for a while", retry_after_s=_LOCKED_S)
    if "imit exceeded" in text:
        wait_s = _COUNTER_S * 2**reply.repeats
        if reply.repeats < _DOUBLINGS:
            return Again(reply.request, after_s=wait_s)
        return RateLimited("Kraken's call counter of this key stays full", retry_after_s=wait_s)
    until = text.rpartition(":")[2].strip()
    if "Throttled" in text and until.isdecimal() and len(until) < 12:
        wait_s = max(0.0, int(until) - reply.at.timestamp())
        return RateLimited("Kraken asks to wait", retry_after_s=wait_s)
    return UpstreamUnavailable("Kraken is too busy to answer, or under maintenance")
