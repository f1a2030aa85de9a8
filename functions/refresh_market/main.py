"""Deployable: brings bars and the economic calendar up to now (Scheduler)."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.wiring.roots.market import market_function

FUNCTION = market_function()


@functions_framework.aio.http
async def handle(_: Request) -> Response:
    """Let the app answer; nothing is opened before its first request."""
    return FUNCTION.response()
