"""Deployable: fetches what Tradovate booked; answers the tick and the pushed request."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.brokers.tradovate.spec import SPEC
from shared.wiring.roots.sync import sync_function

FUNCTION = sync_function(SPEC)


@functions_framework.aio.http
async def handle(_: Request) -> Response:
    """Let the app answer; nothing is opened before its first request."""
    return FUNCTION.response()
