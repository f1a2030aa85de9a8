"""What a provider's refusal or odd answer means to the caller, without the key or the question.

Raised with `from None`: the SDKs' own errors carry the whole body, which may repeat both, and
a log that prints a chain of errors would print it.
"""

from dataclasses import replace

from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    QuotaSpent,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.ports import ModelAnswer, ModelRequest

# How SDKs, which check little, stumble over an envelope of another shape; the last one over one
# that is nested without end.
STUMBLES = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
_CHARACTERS = 200
_LONGEST_ANSWER = 100_000  # characters, ten times those of a long section
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
    return _unicode(text[:_CHARACTERS])


def unreadable(text: str) -> str | None:
    """Say why nobody should try to read a text; None where one can."""
    if len(text) > _LONGEST_ANSWER:
        return f"of {len(text)} characters"
    return None if _unicode(text) == text else "no Unicode text"


def well_formed(answer: ModelAnswer) -> ModelAnswer:
    """Return an answer whose every part is what it should be.

    Raises: TypeError, ValueError for a count below zero.
    """
    used = answer.usage
    for text in (answer.text, answer.model, answer.request_id):
        if not isinstance(text, str):
            raise TypeError(type(text).__name__)
    for count in (used.prompt, used.cached, used.output, used.thinking):
        if not isinstance(count, int):
            raise TypeError(type(count).__name__)
        if count < 0:
            raise ValueError("a negative count of tokens would be money back")
    return replace(answer, model=_unicode(answer.model), request_id=_unicode(answer.request_id))


def _unicode(text: str) -> str:
    """Replace lone surrogates, which JSON can hold and no store or log."""
    return text.encode(errors="replace").decode()
