"""How the browser's return from a broker reaches this machine: a listener, or an address pasted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

_LOOPBACK = ("localhost", "127.0.0.1")
_MOST_HEAD = 16_384
_SEEN = "<!doctype html><title>Daybias</title><p>Seen. Close this page; the terminal goes on."


@dataclass(frozen=True, slots=True)
class Return:
    """What a broker sent the browser back with; `code` is empty where no consent was given."""

    state: str
    code: str


def read_return(address: str) -> Return | None:
    """Read the address of a return; None where it is none. A code is decoded once."""
    query = parse_qs(urlsplit(address.strip()).query)
    state = query.get("state", [""])[0]
    return Return(state, query.get("code", [""])[0]) if state else None


def is_listenable(redirect_uri: str) -> bool:
    """Tell whether this machine can answer there: over TLS it has no certificate to show."""
    address = urlsplit(redirect_uri)
    return address.scheme == "http" and address.hostname in _LOOPBACK


@asynccontextmanager
async def listening(redirect_uri: str, state: str) -> AsyncIterator[asyncio.Future[Return]]:
    """Listen on loopback at a registered address for the return that carries a state.

    Whatever else is asked there is answered with 404 and ends nothing.
    Raises: OSError when another program has the port.
    """
    found: asyncio.Future[Return] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        returned = await _read(reader)
        known = returned is not None and returned.state == state
        writer.write(_page("200 OK", _SEEN) if known else _page("404 Not Found", ""))
        await writer.drain()
        writer.close()
        if returned is not None and known and not found.done():
            found.set_result(returned)

    port = urlsplit(redirect_uri).port or 80
    server = await asyncio.start_server(answer, "127.0.0.1", port, limit=_MOST_HEAD)
    async with server:
        yield found


async def _read(reader: asyncio.StreamReader) -> Return | None:
    """Take the return from a request's first line; None for anything else."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, UnicodeDecodeError):
        return None
    method, _, rest = head.partition(" ")
    return read_return(rest.partition(" ")[0]) if method == "GET" else None


def _page(status: str, body: str) -> bytes:
    head = (
        f"HTTP/1.1 {status}",
        "content-type: text/html; charset=utf-8",
        f"content-length: {len(body.encode())}",
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "connection: close",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
