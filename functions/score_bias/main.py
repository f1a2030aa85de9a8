"""Deployable: scores forecasts of record after their session's close (Scheduler)."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.wiring.roots.score import score_function

FUNCTION = score_function()


@functions_framework.aio.http
async def handle(_: Request) -> Response:
    """Let the app answer; nothing is opened before its first request."""
    return FUNCTION.response()
