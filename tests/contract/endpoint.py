"""A push endpoint on loopback that records what it is sent and answers as it is told."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from shared.http.consumers.push import PushMessage, parse_push

Answer = Callable[[PushMessage], int]


class Endpoint:
    """Speaks just enough HTTP/1.1; `received` holds each push as the consumers read it."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: 204
        self.received: list[PushMessage] = []
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/push"

    @property
    def data(self) -> list[bytes]:
        return [push.data for push in self.received]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                pairs = (line.partition(":") for line in head[1:] if line)
                headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                push = parse_push(headers, body)
                assert isinstance(push, PushMessage), push
                self.received.append(push)
                status = self.answer(push)
                empty = "" if status == 204 else "Content-Length: 0\r\n"
                writer.write(f"HTTP/1.1 {status} Answer\r\n{empty}\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()
