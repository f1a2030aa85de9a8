"""The suite on the client's memory mode, over the wire of a stand-in, on a server where
DAYBIAS_TEST_QDRANT_URL names one, and what a server answers when it cannot."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import pytest
from qdrant_client import AsyncQdrantClient

from shared.adapters.qdrant.qdrant_vector_index import QdrantVectorIndex
from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    NotFound,
    RequestRejected,
    StoreUnavailable,
)
from tests.contract.vector_index import NEWS, VectorIndexContract
from tests.twins.qdrant_wire import QdrantWire, listening

URL = os.environ.get("DAYBIAS_TEST_QDRANT_URL", "")

# what is true of the memory mode alone, and told at every call
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


class TestQdrantMemoryMode(VectorIndexContract):
    @pytest.fixture
    async def empty(self) -> AsyncIterator[QdrantVectorIndex]:
        index = QdrantVectorIndex("", client=AsyncQdrantClient(":memory:"))
        yield index
        await index.close()


class TestQdrantOverTheWire(VectorIndexContract):
    """Every call as the real client sends it, and every answer as it reads one."""

    @pytest.fixture
    async def empty(self) -> AsyncIterator[QdrantVectorIndex]:
        with listening(QdrantWire()) as url:
            index = QdrantVectorIndex(url)
            yield index
            await index.close()


if URL:

    class TestQdrantServer(VectorIndexContract):
        @pytest.fixture
        async def empty(self) -> AsyncIterator[QdrantVectorIndex]:
            index = QdrantVectorIndex(URL, os.environ.get("DAYBIAS_TEST_QDRANT_KEY"))
            await _emptied(index)
            yield index
            await _emptied(index)
            await index.close()

else:

    def test_the_suite_on_a_server() -> None:
        pytest.skip("needs an empty Qdrant server: DAYBIAS_TEST_QDRANT_URL names none")


async def _emptied(index: QdrantVectorIndex) -> None:
    for name in (NEWS, "news-other-3", "news-other-4", "events-words-1-3"):
        await index.drop(name)


@dataclass(frozen=True)
class Case:
    status: int
    expected: type[DaybiasError]


CASES = (
    Case(400, RequestRejected),
    Case(401, AuthRejected),
    Case(403, AuthRejected),
    Case(404, NotFound),
    Case(429, StoreUnavailable),
    Case(500, StoreUnavailable),
    Case(503, StoreUnavailable),
)


@dataclass
class Scripted:
    url: str
    status: int = 500
    key: str | None = None


@pytest.fixture
def server() -> Iterator[Scripted]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.key = self.headers.get("api-key")
            body = b'{"status":{"error":"scripted"},"time":0.0}'
            self.send_response(told.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of the library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as listening:
        told = Scripted(f"http://127.0.0.1:{listening.server_address[1]}")
        Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield told
        listening.shutdown()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.status))
async def test_a_status_becomes_the_error_that_says_what_to_do(case: Case, server: Scripted):
    server.status = case.status
    index = QdrantVectorIndex(server.url)
    with pytest.raises(case.expected):
        await index.count(NEWS)
    await index.close()


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
async def test_the_key_travels_and_is_told_to_nobody(server: Scripted):
    server.status, key = 401, uuid4().hex
    index = QdrantVectorIndex(server.url, key)
    with pytest.raises(AuthRejected) as caught:
        await index.count(NEWS)
    await index.close()
    assert server.key == key
    assert key not in str(caught.value) + repr(caught.value.__cause__)


async def test_an_answer_of_another_shape_is_no_answer(server: Scripted):
    server.status = 200
    index = QdrantVectorIndex(server.url)
    with pytest.raises(StoreUnavailable):
        await index.count(NEWS)
    await index.close()


async def test_a_refused_connection_is_an_unavailable_store():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    index = QdrantVectorIndex(f"http://127.0.0.1:{port}")
    with pytest.raises(StoreUnavailable):
        await index.count(NEWS)
    await index.close()
