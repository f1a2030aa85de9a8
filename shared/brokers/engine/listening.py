"""Opens streams and gives what their lines come to; never logs a line, no error carries one."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from shared.brokers.engine.session import Session
from shared.brokers.engine.streaming import Lines, Said, Stream
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)

_LONGEST_LINE = 1_000_000
_OPEN_S = 20.0
_SOCKETS = ("ws", "wss")


@asynccontextmanager
async def listen(
    stream: Stream, url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport
) -> AsyncIterator[AsyncIterator[Said]]:
    """Open one stream; its lines are what they come to.

    Raises: AuthRejected, RequestRejected, RateLimited, UpstreamUnavailable, at the opening and at
    any line; ContractBroken for a line that is not what was announced.
    """
    scheme, _, rest = url.partition("://")
    if scheme in _SOCKETS:
        async with _socket(stream, url, headers) as said:
            yield said
    else:
        host, slash, path = rest.partition("/")
        async with (
            Session(f"{scheme}://{host}", headers, transport) as session,
            _answer(stream, session, slash + path) as said,
        ):
            yield said


@asynccontextmanager
async def _answer(
    stream: Stream, session: httpx.AsyncClient, path: str
) -> AsyncIterator[AsyncIterator[Said]]:
    timeout = httpx.Timeout(_OPEN_S, read=None)  # how long it may be silent, the watcher knows
    with _translated():
        async with session.stream("GET", path, timeout=timeout) as response:
            _raise_for_status(response.status_code)
            yield _of_answer(stream, response)


async def _of_answer(stream: Stream, response: httpx.Response) -> AsyncIterator[Said]:
    lines = Lines(_LONGEST_LINE)
    with _translated():
        async for chunk in response.aiter_bytes():
            for line in lines.feed(chunk):
                yield stream.read(json.loads(line))


@asynccontextmanager
async def _socket(
    stream: Stream, url: str, headers: Mapping[str, str]
) -> AsyncIterator[AsyncIterator[Said]]:
    with _translated():
        async with connect(url, open_timeout=_OPEN_S, max_size=_LONGEST_LINE, proxy=None) as socket:
            for message in stream.greeting(headers):
                await socket.send(json.dumps(message))
            yield _of_socket(stream, socket)


async def _of_socket(stream: Stream, socket: ClientConnection) -> AsyncIterator[Said]:
    with _translated():
        async for message in socket:
            yield stream.read(json.loads(message))  # Alpaca's paper stream sends binary frames


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what clients raise into our errors, none of which shows a line."""
    try:
        yield
    except InvalidStatus as error:
        _raise_for_status(error.response.status_code)
        raise UpstreamUnavailable("the stream did not open") from error
    except (httpx.TransportError, ConnectionClosed, InvalidHandshake, OSError) as error:
        raise UpstreamUnavailable(f"the stream broke ({type(error).__name__})") from error
    except (ValueError, RecursionError) as error:
        raise ContractBroken("the stream gave a line that is not JSON") from error


def _raise_for_status(status: int) -> None:
    text = f"the stream was answered with {status}"
    if status in (401, 403):
        raise AuthRejected(text)
    if status == 429:
        raise RateLimited(text)
    if status >= 500:
        raise UpstreamUnavailable(text)
    if status not in (101, 200):
        raise RequestRejected(text, status=status)
