"""The simulators' door for SDKs and people: a real HTTP server on loopback.

`python -m infra.simulators.brokers.http_door PORT [BROKER]` serves a broker's sample world
(Alpaca's without a name) and prints what connects Daybias to it.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from infra.simulators.brokers.wire import Answer, Call
from infra.simulators.brokers.world import Sample


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
