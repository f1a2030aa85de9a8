"""What Gemini's refusals mean to the caller, for whatever is asked of it."""

import re
from typing import TYPE_CHECKING, Any

from shared.adapters.models.failures import refusal
from shared.domain.errors import AuthRejected, DaybiasError

if TYPE_CHECKING:
    from google.genai.errors import APIError

_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


def refused(error: "APIError", words: str) -> DaybiasError:
    """Sort an error by what the caller does next; `words` are what may be told of it."""
    details = _details(error)
    what = f"gemini: {error.code} {error.status}: {words}"
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        return AuthRejected(what)  # it comes as a 400
    return refusal(
        error.code, what, spent=_day_is_spent(details), retry_after_s=_retry_after_s(details)
    )


def _details(error: "APIError") -> list[dict[str, Any]]:
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error", body)
    found = inner.get("details", []) if isinstance(inner, dict) else []
    return [d for d in found if isinstance(d, dict)] if isinstance(found, list) else []


def _day_is_spent(details: list[dict[str, Any]]) -> bool:
    told = [detail.get("violations") for detail in details]
    violations = [v for one in told if isinstance(one, list) for v in one]
    return any("PerDay" in str(v.get("quotaId")) for v in violations if isinstance(v, dict))


def _retry_after_s(details: list[dict[str, Any]]) -> float | None:
    delay = next((d.get("retryDelay") for d in details if d.get("@type") == _RETRY_INFO), None)
    match = _SECONDS.fullmatch(str(delay))
    return float(match.group(1)) if match else None
