"""Qdrant's REST interface over its client's memory mode: what a server would read and answer.

The client's own models read each request and write each answer, so that a field that the real
client would not send, or could not read, fails here. Statuses and messages are those of a server.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from pydantic import BaseModel
from qdrant_client import QdrantClient
from qdrant_client.http import models

_UPDATED = {"operation_id": 0, "status": "completed"}


class QdrantWire:
    """One empty server; `calls` lists what was asked of it, as METHOD and path."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._memory = QdrantClient(":memory:")
        self._lock = Lock()
        self._routes: tuple[tuple[str, str, Callable[..., Any]], ...] = (
            ("GET", r"/aliases", self._aliases),
            ("POST", r"/collections/aliases", self._move),
            ("GET", r"/collections/([^/]+)/exists", self._exists),
            ("PUT", r"/collections/([^/]+)/index", self._index),
            ("PUT", r"/collections/([^/]+)/points", self._upsert),
            ("POST", r"/collections/([^/]+)/points/query", self._query),
            ("POST", r"/collections/([^/]+)/points/scroll", self._scroll),
            ("POST", r"/collections/([^/]+)/points/count", self._count),
            ("POST", r"/collections/([^/]+)/points/delete", self._delete),
            ("POST", r"/collections/([^/]+)/points", self._retrieve),
            ("GET", r"/collections/([^/]+)", self._describe),
            ("PUT", r"/collections/([^/]+)", self._create),
            ("DELETE", r"/collections/([^/]+)", self._drop),
        )

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Answer one request: its status and its JSON."""
        with self._lock:
            self.calls.append(f"{method} {path}")
            for asked, pattern, handle in self._routes:
                found = re.fullmatch(pattern, path)
                if found and asked == method:
                    return self._handled(handle, [*found.groups(), *([body] if body else [])])
        return 404, _failed("no such path")

    @staticmethod
    def _handled(handle: Callable[..., Any], given: list[Any]) -> tuple[int, Any]:
        try:
            result = handle(*given)
        except ValueError as error:
            if "not found" in str(error):
                return 404, _failed(f"Not found: {error}")
            return 400, _failed(f"Wrong input: Vector dimension error: {error}")
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        return 200, {"result": result, "status": "ok", "time": 0.001}

    def _exists(self, name: str) -> Any:
        return {"exists": self._memory.collection_exists(name)}

    def _create(self, name: str, body: Any) -> bool:
        asked = models.CreateCollection.model_validate(body)
        return self._memory.create_collection(
            name, vectors_config=asked.vectors, sparse_vectors_config=asked.sparse_vectors
        )

    def _index(self, name: str, body: Any) -> Any:
        models.CreateFieldIndex.model_validate(body)
        self._memory.get_collection(name)
        return _UPDATED

    def _describe(self, name: str) -> Any:
        return self._memory.get_collection(name)

    def _upsert(self, name: str, body: Any) -> Any:
        self._memory.upsert(name, models.PointsList.model_validate(body).points)
        return _UPDATED

    def _query(self, name: str, body: Any) -> Any:
        asked = models.QueryRequest.model_validate(body)
        return self._memory.query_points(
            name,
            query=asked.query,
            using=asked.using,
            prefetch=asked.prefetch,
            query_filter=asked.filter,
            limit=asked.limit or 10,
            with_payload=bool(asked.with_payload),
        )

    def _scroll(self, name: str, body: Any) -> Any:
        asked = models.ScrollRequest.model_validate(body)
        points, following = self._memory.scroll(
            name,
            limit=asked.limit or 10,
            offset=asked.offset,
            with_payload=bool(asked.with_payload),
        )
        return models.ScrollResult(points=points, next_page_offset=following)

    def _count(self, name: str, body: Any) -> Any:
        asked = models.CountRequest.model_validate(body)
        return self._memory.count(name, asked.filter, exact=bool(asked.exact))

    def _delete(self, name: str, body: Any) -> Any:
        self._memory.delete(name, models.FilterSelector.model_validate(body))
        return _UPDATED

    def _retrieve(self, name: str, body: Any) -> Any:
        asked = models.PointRequest.model_validate(body)
        found = self._memory.retrieve(name, asked.ids, with_payload=bool(asked.with_payload))
        return [record.model_dump(mode="json") for record in found]

    def _aliases(self) -> Any:
        return self._memory.get_aliases()

    def _move(self, body: Any) -> bool:
        asked = models.ChangeAliasesOperation.model_validate(body)
        return self._memory.update_collection_aliases(asked.actions)

    def _drop(self, name: str) -> bool:
        return self._memory.delete_collection(name)


def _failed(message: str) -> Any:
    return {"status": {"error": message}, "time": 0.001}


@contextmanager
def listening(wire: QdrantWire) -> Iterator[str]:
    """Serve on a free port of loopback; gives the address."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, found = wire.answer(self.command, self.path.partition("?")[0], body)
            written = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of the library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
