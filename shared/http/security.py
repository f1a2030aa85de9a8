"""Headers that every answer carries, and the door of the local profile."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain.collections.addresses import complaint_about
from shared.http.problems import problem

# No inline script or style, nothing from elsewhere, no frame: the page is made of our own files.
CONTENT_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class SecurityHeaders:
    """Adds the headers to every answer that has not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, dressed)


class HeadAsGet:
    """Answers HEAD as GET without the body: whoever asks whether a door opens is told.

    Source: RFC 9110 section 9.3.2; FastAPI's routes know GET alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})

        await self._app({**scope, "method": "GET"}, receive, without_body)


class PlausiblePaths:
    """Refuses paths with what no id can hold, before a store is asked for it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "http" and any(map(_is_no_id, scope["path"].split("/"))):
            answer = problem(404, "unknown-route", "There is nothing at this path.")
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_no_id(part: str) -> bool:
    return part != "" and complaint_about(part) is not None


class LoopbackOnly:
    """Refuses every caller that is not this machine speaking to itself.

    The Host check stops DNS rebinding: a foreign page whose name was pointed at 127.0.0.1 still
    sends its own name. The Origin check stops a foreign page that posts to the real address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] == "http" and (fault := _fault(scope)):
            await problem(403, "not-loopback", fault, expected=sorted(_LOOPBACK))(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)


def _fault(scope: Scope) -> str | None:
    headers = Headers(scope=scope)
    client = scope.get("client")
    if client is not None and client[0] not in _LOOPBACK:
        return "The local profile answers callers on this machine only."
    if _host(f"//{headers.get('host', '')}") not in _LOOPBACK:
        return "The Host header does not name this machine."
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers["host"]:
        return "The Origin header names another site."
    return None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # "[::1" and the like
        return None
