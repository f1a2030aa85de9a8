"""The simulators' door for SDKs and people: a real HTTP server on loopback.

`python -m infra.simulators.brokers.http_door PORT [BROKER]` serves a broker's sample world
(Alpaca's without a name) and prints what connects Daybias to it.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from itertools import chain
from pathlib import Path
from threading import Event, Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from infra.simulators.brokers.websocket import talk
from infra.simulators.brokers.wire import Answer, Call
from infra.simulators.brokers.world import Sample

_LOOK_S = 0.01  # between two looks at a stream that says nothing


@contextmanager
def serve(handle: Callable[[Call], Answer], port: int = 0) -> Iterator[str]:
    """Serve a world from a thread while the context lasts; yield its base URL.

    Shape: port 0 takes a free one. Calls are answered one after the other.
    """
    door = _Door(handle, port)
    thread = Thread(target=door.serve_forever, name="broker-simulator", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{door.server_port}"
    finally:
        door.closing.set()
        door.shutdown()
        thread.join()
        door.server_close()


class _Door(ThreadingHTTPServer):
    def __init__(self, handle: Callable[[Call], Answer], port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._handle = handle
        self._lock = Lock()
        self.closing = Event()

    def answer(self, call: Call) -> Answer:
        with self._lock:
            return self._handle(call)

    def said(self, answer: Answer) -> Iterator[bytes]:
        """Give what a stream says, and an empty chunk whenever it says nothing."""
        while not self.closing.is_set():
            with self._lock:
                chunk = answer.more() if answer.more else None
            if chunk is None:
                return
            yield chunk
            if not chunk:
                self.closing.wait(_LOOK_S)


def _call_of(asked: BaseHTTPRequestHandler) -> Call:
    url = urlsplit(asked.path)
    return Call(
        method=asked.command,
        host=asked.headers.get("host", "").partition(":")[0],
        path=url.path,
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in asked.headers.items()},
        body=asked.rfile.read(int(asked.headers.get("content-length") or 0)),
        raw_query=url.query,
    )


class _Handler(BaseHTTPRequestHandler):
    server: _Door
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else the body waits 40 ms for the head's acknowledgement

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: a request line may carry what is secret."""

    def _answer(self) -> None:
        answer = self.server.answer(_call_of(self))
        self.close_connection |= answer.lost or answer.cut or answer.more is not None
        if answer.lost:
            return
        with suppress(ConnectionError):  # the client has heard enough
            if answer.hear is not None:
                talk(self, answer.hear, self.server.said(answer))
            elif answer.more is not None and not answer.cut:
                self._stream(answer)
            else:
                self._send(answer)

    def _head(self, answer: Answer, name: str, value: str) -> None:
        self.send_response(answer.status)
        for header in (*answer.headers.items(), (name, value)):
            self.send_header(*header)
        self.end_headers()

    def _send(self, answer: Answer) -> None:
        self._head(answer, "content-length", str(len(answer.body)))
        half = len(answer.body) // 2
        self.wfile.write(answer.body[:half] if answer.cut else answer.body)

    def _stream(self, answer: Answer) -> None:
        self._head(answer, "transfer-encoding", "chunked")
        for chunk in chain((answer.body,), self.server.said(answer)):
            if chunk:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")


def sample_of(broker: str, now: Callable[[], datetime]) -> Sample:
    """Make the sample world of a broker.

    Raises: LookupError that lists the brokers that have one.
    """
    known = sorted(found.parent.name for found in Path(__file__).parent.glob("*/sample.py"))
    if broker not in known:
        raise LookupError(f"no broker {broker!r} is simulated; there are: {', '.join(known)}")
    module = import_module(f"infra.simulators.brokers.{broker}.sample")
    made: Sample = module.sample(now)
    return made


def how_to_connect(broker: str, sample: Sample, base_url: str) -> str:
    """Write the commands that connect Daybias to a world that is served."""
    hosts = json.dumps({f"{broker}:{sample.environment}": base_url})
    named = {f"DAYBIAS_{broker}_{field}".upper(): v for field, v in sample.credentials.items()}
    add = ["daybias connections add", broker, "--environment", sample.environment]
    add += ["--login", sample.login]
    return "\n".join(
        [
            f"export DAYBIAS_BROKER_HOSTS='{hosts}'",
            *(f"export {name}='{value}'" for name, value in named.items()),
            " ".join(add),
        ]
    )


def main(port: str, broker: str = "alpaca") -> None:
    """Serve a sample world until Enter is pressed."""
    try:
        sample = sample_of(broker, lambda: datetime.now(UTC))
    except LookupError as error:
        sys.exit(str(error))
    with serve(sample.world.handle, int(port)) as base_url:
        print(how_to_connect(broker, sample, base_url))
        input("Enter ends it.\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
