"""A real HTTP server on loopback in front of a model simulator, for SDKs and people."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Self

from infra.simulators.models.wire import Cut, Reply, Responder


class HttpDoor:
    """Serves while the `with` block runs; `url` is its base address."""

    def __init__(self, simulator: Responder, port: int = 0) -> None:
        self._server = _Server(simulator, port)
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
        self._server.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, simulator: Responder, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.simulator = simulator
        self.closing = Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms for the headers' receipt

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing: requests are kept by the simulator."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.simulator.respond(self.command, self.path, headers, body)
        self.server.closing.wait(reply.delay_s)
        try:
            self._send(reply)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting, as in a timeout test

    def _send(self, reply: Reply) -> None:
        self._head(reply)
        if reply.cut is Cut.NEVER:
            self.wfile.write(reply.body)
            return
        begun = reply.body[: len(reply.body) // 2]
        frame = b"%x\r\n%b\r\n" % (len(begun), begun) if reply.cut is Cut.STREAM else begun
        self.wfile.write(frame)
        self.close_connection = True

    def _head(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.cut is Cut.STREAM:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
