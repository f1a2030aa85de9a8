"""A websocket behind the HTTP door: frames in and out of the socket that a request came by."""

import select
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

_MOST = 65_536
_DATA = (Opcode.TEXT, Opcode.BINARY)


def talk(asked: BaseHTTPRequestHandler, hear: Callable[[str], None], said: Iterator[bytes]) -> None:
    """Accept the websocket that a request asks for, and talk until one side ends it.

    Shape: messages go out in binary frames, as Alpaca's paper stream sends them.
    """
    protocol = _accepted(asked)
    for chunk in said:
        for line in chunk.splitlines():
            protocol.send_binary(line)
        _flush(asked, protocol)
        if not _listen(asked, protocol, hear):
            return
    protocol.send_close(1000)
    _flush(asked, protocol)


def _accepted(asked: BaseHTTPRequestHandler) -> ServerProtocol:
    """Let the protocol read the request as it came, and answer it."""
    protocol = ServerProtocol()
    head = "".join(f"{name}: {value}\r\n" for name, value in asked.headers.items())
    protocol.receive_data(f"{asked.requestline}\r\n{head}\r\n".encode())
    (request,) = protocol.events_received()
    if not isinstance(request, Request):
        raise TypeError(f"expected a request, found {type(request).__name__}")
    protocol.send_response(protocol.accept(request))
    _flush(asked, protocol)
    return protocol


def _flush(asked: BaseHTTPRequestHandler, protocol: ServerProtocol) -> None:
    for data in protocol.data_to_send():
        asked.wfile.write(data)


def _listen(
    asked: BaseHTTPRequestHandler, protocol: ServerProtocol, hear: Callable[[str], None]
) -> bool:
    """Take what the client has said by now; tell whether it is still there."""
    while select.select([asked.connection], [], [], 0)[0]:
        received = asked.connection.recv(_MOST)
        if not received:
            return False
        protocol.receive_data(received)
    frames = [event for event in protocol.events_received() if isinstance(event, Frame)]
    for frame in frames:
        if frame.opcode in _DATA:
            hear(bytes(frame.data).decode())
    return not any(frame.opcode is Opcode.CLOSE for frame in frames)
