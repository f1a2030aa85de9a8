"""Deployable: rebuilds round trips, positions and days of what changed (Pub/Sub push)."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from shared.wiring.roots.build import build_function

FUNCTION = build_function()


@functions_framework.aio.http
async def handle(_: Request) -> Response:
    """Let the app answer; nothing is opened before its first request."""
    return FUNCTION.response()
