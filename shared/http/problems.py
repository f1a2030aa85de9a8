"""RFC 9457 problem details: a stable `type`, what was wrong, and what would have been accepted."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from shared.domain.errors import (
    AuthRejected,
    ConfigError,
    Conflict,
    DaybiasError,
    InvalidInput,
    NotFound,
    QuotaSpent,
    RateLimited,
    RetryableError,
)

_log = logging.getLogger(__name__)

TYPE_PREFIX = "urn:daybias:problem:"
RETRY_AFTER_S = 10


class Unauthenticated(Exception):
    """The caller is nobody we know."""


def problem(
    status: int,
    slug: str,
    detail: str,
    *,
    expected: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build the answer for one problem.

    Shape: {type, title, status, detail, expected?}; `type` is `urn:daybias:problem:<slug>`, and a
    slug never changes its meaning.
    """
    body: dict[str, object] = {
        "type": TYPE_PREFIX + slug,
        "title": slug.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
    }
    if expected:
        body["expected"] = list(expected)
    return JSONResponse(
        body,
        status_code=status,
        headers=dict(headers or {}) | {"Cache-Control": "no-store"},
        media_type="application/problem+json",
    )


# What the caller may know of each error; None lets the error speak for itself.
_ANSWERS: tuple[tuple[type[Exception], int, str, str | None], ...] = (
    (InvalidInput, 400, "invalid-input", None),
    (NotFound, 404, "not-found", None),
    (QuotaSpent, 429, "quota-spent", None),
    (Unauthenticated, 401, "unauthenticated", None),
    (ConfigError, 500, "misconfigured", "The service is not configured."),
    (RetryableError, 503, "try-again", "Not now; the same request may work later."),
    (Conflict, 503, "try-again", "Not now; the same request may work later."),
    (AuthRejected, 502, "login-refused", None),  # by a broker; the text says what to do
    (DaybiasError, 502, "upstream-failed", "A service that we depend on refused."),
    (Exception, 500, "internal", "Something failed on our side; it was logged."),
)


def problem_of(error: Exception) -> JSONResponse:
    """Answer for an error by its reaction (domain/errors.py); a foreign one is a plain 500."""
    status, slug, detail = next(row[1:] for row in _ANSWERS if isinstance(error, row[0]))
    expected = error.expected if isinstance(error, InvalidInput) else ()
    if isinstance(error, ConfigError):
        expected = error.faults
    return problem(
        status, slug, detail or str(error), expected=expected, headers=_headers(status, error)
    )


def _headers(status: int, error: Exception) -> dict[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": "Bearer"}
    if status != HTTPStatus.SERVICE_UNAVAILABLE:
        return {}
    told = error.retry_after_s if isinstance(error, RateLimited) else None
    return {"Retry-After": str(RETRY_AFTER_S if told is None else max(1, round(told)))}


async def _on_ours(request: Request, error: Exception) -> JSONResponse:
    answer = problem_of(error)
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("http.failed", exc_info=error, extra={"path": request.url.path})
    return answer


async def _on_unexpected(_: Request, error: Exception) -> JSONResponse:
    return problem_of(error)  # starlette raises it again after the answer; the delegate logs it


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    slug = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem(404, "unknown-route", f"There is nothing at {request.url.path}.")
    return problem(error.status_code, slug, str(error.detail), headers=error.headers)


def install_problems(app: Starlette) -> None:
    """Make every error of an app a problem answer."""
    app.add_exception_handler(DaybiasError, _on_ours)
    app.add_exception_handler(Unauthenticated, _on_ours)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unexpected)
