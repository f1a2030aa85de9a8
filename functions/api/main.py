"""Deployable: the journal over HTTP."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.wiring.roots.api import api_function

FUNCTION = api_function()


@functions_framework.aio.http
async def handle(_: Request) -> Response:
    """Let the app answer; nothing is opened before its first request."""
    return FUNCTION.response()
