"""The simulator's door in process: an httpx transport without sockets."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

import httpx

from infra.simulators.brokers.wire import Answer, Call


class _CutStream(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body[: len(self._body) // 2]
        raise httpx.RemoteProtocolError("the peer closed the connection in the middle of the body")


@dataclass
class SimulatorTransport(httpx.AsyncBaseTransport):
    """Hands requests to a world and its answers back."""

    handle: Callable[[Call], Answer]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the world does; lost answers time out at once."""
        raw_query = request.url.query.decode()
        call = Call(
            method=request.method,
            host=request.url.host,
            path=request.url.path,
            query=dict(parse_qsl(raw_query, keep_blank_values=True)),
            headers={name.decode().lower(): told.decode() for name, told in request.headers.raw},
            body=await request.aread(),
            raw_query=raw_query,
        )
        answer = self.handle(call)
        if answer.lost:
            raise httpx.ReadTimeout("no answer in time", request=request)
        if answer.cut:
            return httpx.Response(
                answer.status, headers=dict(answer.headers), stream=_CutStream(answer.body)
            )
        content = answer.body + _said_by_now(answer)
        return httpx.Response(answer.status, headers=dict(answer.headers), content=content)


def _said_by_now(answer: Answer) -> bytes:
    """Take a stream to be at its end once it has nothing more to say: here nobody waits."""
    said = b""
    while answer.more is not None and (chunk := answer.more()):
        said += chunk
    return said
