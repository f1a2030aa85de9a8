"""The simulator's door for SDKs and people: a real HTTP server on loopback.

`python -m infra.simulators.brokers.http_door 8091` serves a small paper account to try things on.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.wire import Answer, Call


@contextmanager
def serve(handle: Callable[[Call], Answer], port: int = 0) -> Iterator[str]:
    """Serve a world from a thread while the context lasts; yield its base URL.

    Shape: port 0 takes a free one. Calls are answered one after the other.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(handle))
    thread = Thread(target=server.serve_forever, name="broker-simulator", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _call_of(asked: BaseHTTPRequestHandler) -> Call:
    url = urlsplit(asked.path)
    return Call(
        method=asked.command,
        host=asked.headers.get("host", "").partition(":")[0],
        path=url.path,
        query=dict(parse_qsl(url.query)),
        headers={name.lower(): value for name, value in asked.headers.items()},
        body=asked.rfile.read(int(asked.headers.get("content-length") or 0)),
    )


def _handler_of(handle: Callable[[Call], Answer]) -> type[BaseHTTPRequestHandler]:
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else the body waits 40 ms for the head's acknowledgement

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing: a request line may carry what is secret."""

        def _answer(self) -> None:
            call = _call_of(self)
            with lock:
                answer = handle(call)
            self._send(answer)

        def _send(self, answer: Answer) -> None:
            if answer.lost or answer.cut:
                self.close_connection = True
            if answer.lost:
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            half = len(answer.body) // 2
            self.wfile.write(answer.body[:half] if answer.cut else answer.body)

    return Handler


def _sample_world() -> AlpacaWorld:
    now = datetime.now(UTC)
    world = AlpacaWorld(lambda: datetime.now(UTC))
    account = world.add_account(
        account_id="7c1f0a52-3a1e-4b0d-9d8f-0a6be21f4c11",
        number="PA3DAYBIAS01",
        key="PKSIMULATED",
        secret="simulated-secret",  # noqa: S106 - opens a simulator
    )
    parts = [(Decimal(60), Decimal("178.21")), (Decimal(40), Decimal("178.22"))]
    at = now - timedelta(hours=1)
    world.order(account, "AAPL", "buy", [(qty, price, at) for qty, price in parts])
    return world


if __name__ == "__main__":
    with serve(_sample_world().handle, int(sys.argv[1])) as base_url:
        print(f"Alpaca simulator on {base_url}; key PKSIMULATED, secret simulated-secret")
        input("Enter ends it.\n")
