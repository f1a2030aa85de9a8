"""A real HTTP server on loopback in front of a model simulator, for SDKs and people."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self

from infra.simulators.models.gemini import GeminiSimulator


class HttpDoor:
    """Serves while the `with` block runs; `url` is its base address."""

    def __init__(self, simulator: GeminiSimulator, port: int = 0) -> None:
        self._closing = Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(simulator, self._closing))
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(simulator: GeminiSimulator, closing: Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = simulator.respond("POST", self.path, headers, body)
            closing.wait(reply.delay_s)
            try:
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client gave up waiting, as in a timeout test

        def log_message(self, *_: object) -> None:
            """Say nothing: requests are kept by the simulator."""

    return Handler
