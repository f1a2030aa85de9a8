"""Deployable: the biases over HTTP, and the forecasts of record (Scheduler)."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.wiring.roots.bias import bias_function

FUNCTION = bias_function()


@functions_framework.aio.http
async def handle(_: Request) -> Response:
    """Let the app answer; nothing is opened before its first request."""
    return FUNCTION.response()
