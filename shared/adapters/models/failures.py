"""What a provider's refusal means to the caller, told without the key and without the question.

Raised with `from None`: the SDKs' own errors carry the whole body, which may repeat both, and
a log that prints a chain of errors would print it.
"""

from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.ports import ModelRequest

_CHARACTERS = 200
_REPEATED = 24  # as many characters in a row, of the question, are no coincidence
_GIVEN_UP = frozenset({408, 409, 425})  # timed out or overtaken on their side: the same may work


def refusal(
    status: int, what: str, *, spent: bool = False, retry_after_s: float | None = None
) -> DaybiasError:
    """Sort an error of an API by what the caller does next; `spent` says that waiting is no use."""
    if status in {401, 403}:
        return AuthRejected(what)
    if status == 429:
        return QuotaSpent(what) if spent else RateLimited(what, retry_after_s=retry_after_s)
    if status >= 500 or status in _GIVEN_UP:
        return UpstreamUnavailable(what)
    return RequestRejected(what, status=status)


def harmless(text: str, key: str, asked: ModelRequest | None) -> str:
    """Keep a provider's own words, unless they repeat the key or what was asked."""
    question = "" if asked is None else f"{asked.system}\n{asked.prompt}"
    pieces = (text[at : at + _REPEATED] for at in range(len(text) - _REPEATED + 1))
    if (key and key in text) or (question and any(piece in question for piece in pieces)):
        return "(its words repeat what was sent)"
    return text[:_CHARACTERS]
