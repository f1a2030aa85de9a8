"""Delivers a message to an app of this process as a push is delivered, without a client between."""

import logging
from typing import Any

from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Scope

_log = logging.getLogger(__name__)
_NO_ANSWER = 503


async def push(app: ASGIApp, endpoint: str, body: dict[str, Any]) -> int:
    """Post a push body from this machine; tell the status that it was answered with.

    Shape: 503 where the app failed before it answered.
    """
    data, status, given = to_json(body), _NO_ANSWER, False

    async def receive() -> Message:
        nonlocal given
        if given:
            return {"type": "http.disconnect"}
        given = True
        return {"type": "http.request", "body": data, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    try:
        await app(_scope(endpoint, len(data)), receive, send)
    except Exception:  # noqa: BLE001 - whatever it is, the message must come again
        _log.exception("push.unhandled", extra={"endpoint": endpoint})
    return status


def _scope(endpoint: str, length: int) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": endpoint,
        "raw_path": endpoint.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", str(length).encode()),
        ],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 0),
    }
