"""One host for the time of one message: what every request to it shows, and the way there."""

from collections.abc import Mapping
from typing import Any

import httpx

_TIMEOUT = httpx.Timeout(connect=5.0, read=20.0, write=10.0, pool=5.0)
_WHOLE = ("https://", "http://")


class _Borrowed(httpx.AsyncBaseTransport):
    """A transport whose owner closes it: runs come and go, connections stay warm."""

    def __init__(self, owned: httpx.AsyncBaseTransport) -> None:
        self._owned = owned

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._owned.handle_async_request(request)


class Session(httpx.AsyncClient):
    """A client that follows no redirects and reads nothing from the environment."""

    def __init__(
        self, base_url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport
    ) -> None:
        super().__init__(
            base_url=base_url,
            headers=headers,
            transport=_Borrowed(transport),
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )
        self._way = transport
        self._host = base_url.rstrip("/")
        self._limits = {"timeout": _TIMEOUT.as_dict()}

    async def exchange(
        self, method: str, target: str, headers: Mapping[str, str], **content: Any
    ) -> httpx.Response:
        """Send one request and read its whole answer; `target` is a path, or a URL of its own.

        Shape: `content` as httpx names it. Cookies are neither kept nor sent. It is `request`
        without what is not wanted here, and that is half of what a request costs us.
        Raises: httpx.TransportError, httpx.DecodingError.
        """
        url = target if target.startswith(_WHOLE) else f"{self._host}/{target.lstrip('/')}"
        shown = httpx.Headers(self.headers)
        shown.update(headers)
        request = httpx.Request(method, url, headers=shown, extensions=self._limits, **content)
        response = await self._way.handle_async_request(request)
        response.request = request
        try:
            await response.aread()
        finally:
            await response.aclose()
        return response
