"""JSON answers that a cache can check: ETag, Cache-Control, Server-Timing."""

import hashlib
from collections.abc import Mapping

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response


def etag_of(body: bytes) -> str:
    """Name content by its bytes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def tagged(
    request: Request,
    body: bytes,
    *,
    media_type: str,
    cache_control: str,
    timings_ms: Mapping[str, float] | None = None,
) -> Response:
    """Answer with the body, or with 304 when the caller has the same bytes already.

    Units: `timings_ms` milliseconds by name, for Server-Timing.
    """
    headers = {"ETag": etag_of(body), "Cache-Control": cache_control}
    if timings_ms:
        headers["Server-Timing"] = ", ".join(f"{n};dur={ms:.1f}" for n, ms in timings_ms.items())
    known = {tag.strip().removeprefix("W/") for tag in request.headers.getlist("if-none-match")}
    if known & {headers["ETag"], "*"}:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def json_answer(
    request: Request,
    model: BaseModel,
    *,
    cache_control: str,
    timings_ms: Mapping[str, float] | None = None,
) -> Response:
    """Answer with a model as JSON."""
    return tagged(
        request,
        model.model_dump_json().encode(),
        media_type="application/json",
        cache_control=cache_control,
        timings_ms=timings_ms,
    )
