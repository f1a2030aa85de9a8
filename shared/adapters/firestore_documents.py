"""Documents in Firestore.

A document is its indexed fields and `_body`, the whole body as JSON text that no index reads: an
update names every field, so it replaces all of the body; nothing pays for indexes nobody asks; and
encoding a nested map as protobuf, the client's largest cost, is spared.
"""

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions as google
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]  # ships no types
from pydantic_core import from_json

from shared.adapters.document_rules import (
    check_keys,
    check_query,
    encode_batch,
    read_cursor,
    write_cursor,
)
from shared.adapters.google_errors import TIMEOUT_S, patience, translated
from shared.domain.collections import COLLECTIONS
from shared.domain.collections.addresses import index_fields
from shared.domain.errors import AlreadyExists, VersionChanged
from shared.ports import (
    Body,
    Create,
    Delete,
    Document,
    JsonScalar,
    Key,
    Page,
    Query,
    Update,
    Write,
)

if TYPE_CHECKING:
    from google.cloud.firestore import AsyncClient, AsyncDocumentReference, AsyncQuery
    from google.cloud.firestore_v1._helpers import WriteOption
    from google.cloud.firestore_v1.async_batch import AsyncWriteBatch
    from google.cloud.firestore_v1.base_document import DocumentSnapshot

BODY = "_body"
_READS_AT_ONCE = 300  # answers stay below a second


class FirestoreDocuments:
    """Documents of one database; the client is made at first use, on the loop that uses it."""

    def __init__(
        self, project: str, database: str = "(default)", *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._project = project
        self._database = database
        self._patience = patience(timeout_s)
        self._made: AsyncClient | None = None

    @property
    def _client(self) -> "AsyncClient":
        if self._made is None:
            from google.cloud.firestore import AsyncClient

            self._made = AsyncClient(project=self._project, database=self._database)
        return self._made

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        """Read by reference, in several requests at once when there are many keys."""
        check_keys(keys)
        wanted = list(dict.fromkeys(keys))
        chunks = [wanted[i : i + _READS_AT_ONCE] for i in range(0, len(wanted), _READS_AT_ONCE)]
        found: dict[Key, Document] = {}
        for part in await asyncio.gather(*(self._get(chunk) for chunk in chunks)):
            found.update(part)
        return [found.get(key) for key in keys]

    async def _get(self, keys: Sequence[Key]) -> dict[Key, Document]:
        references = [self._reference(key) for key in keys]
        by_path = {r.path: key for r, key in zip(references, keys, strict=True)}
        with translated("Firestore get"):
            answer = self._client.get_all(references, **self._patience)
            snapshots = [snapshot async for snapshot in answer if snapshot.exists]
        found = [(by_path[s.reference.path], s) for s in snapshots]
        return {key: _document(key, snapshot) for key, snapshot in found}

    async def commit(self, writes: Sequence[Write]) -> None:
        """Apply a batch in one commit request."""
        bodies = encode_batch(writes)
        if not writes:
            return
        batch = self._client.batch()
        for write, body in zip(writes, bodies, strict=True):
            self._add(batch, write, body)
        with translated("Firestore commit"):
            try:
                await batch.commit(**self._patience)
            except google.AlreadyExists as error:
                raise AlreadyExists(f"one of {len(writes)} documents exists") from error
            except (google.FailedPrecondition, google.NotFound, google.Aborted) as error:
                raise VersionChanged(f"one of {len(writes)} documents has changed") from error

    def _add(self, batch: "AsyncWriteBatch", write: Write, body: str | None) -> None:
        reference = self._reference(write.key)
        match write:
            case Create(key, fields):
                batch.create(reference, _fields(key, fields, body))
            case Update(key, fields, version):
                option = self._if_version(key, version)
                batch.update(reference, _fields(key, fields, body), option=option)
            case Delete(key, version):
                batch.delete(reference, option=self._if_version(key, version))

    def _if_version(self, key: Key, version: str | None) -> "WriteOption | None":
        if version is None:
            return None
        if not version.isdecimal():
            raise VersionChanged(f"{key}: the version is not one of Firestore's")
        updated_at = Timestamp()
        updated_at.FromNanoseconds(int(version))
        return self._client.write_option(last_update_time=updated_at)

    async def scan(self, query: Query) -> Page:
        """Run the query with one document more than the page, which tells whether there is one."""
        check_query(query)
        after = read_cursor(query)
        with translated("Firestore query"):
            snapshots = await self._query(query, after).get(**self._patience)
        documents = tuple(
            _document(_key(query.collection, snapshot.reference.path), snapshot)
            for snapshot in snapshots[: query.limit]
        )
        if len(snapshots) <= query.limit:
            return Page(documents, None)
        last = documents[-1]
        value = None if query.order_by is None else last.body[query.order_by]
        return Page(documents, write_cursor(value, last.key.path))

    def _query(
        self, query: Query, after: tuple[JsonScalar, tuple[str, ...]] | None
    ) -> "AsyncQuery":
        from google.cloud.firestore import FieldFilter

        found: AsyncQuery = self._all(query)
        for field, value in query.where.items():
            found = found.where(filter=FieldFilter(field, "==", value))
        direction = "DESCENDING" if query.descending else "ASCENDING"
        if query.order_by is not None:
            for sign, bound in ((">=", query.at_least), ("<", query.below)):
                if bound is not None:
                    found = found.where(filter=FieldFilter(query.order_by, sign, bound))
            found = found.order_by(query.order_by, direction=direction)
        found = found.order_by("__name__", direction=direction)
        if after is not None:
            found = found.start_after(self._place(query, after))
        return found.limit(query.limit + 1)

    def _all(self, query: Query) -> Any:
        if query.parent is None:
            return self._client.collection_group(query.collection)
        parts = _names(query.collection)
        path = [part for pair in zip(parts, query.parent, strict=False) for part in pair]
        return self._client.collection(*path, query.collection)

    def _place(self, query: Query, after: tuple[JsonScalar, tuple[str, ...]]) -> dict[str, Any]:
        value, path = after
        place: dict[str, Any] = {"__name__": self._reference(Key(query.collection, path))}
        return place if query.order_by is None else {query.order_by: value, **place}

    def _reference(self, key: Key) -> "AsyncDocumentReference":
        names = _names(key.collection)
        return self._client.document(
            *(p for pair in zip(names, key.path, strict=True) for p in pair)
        )

    async def close(self) -> None:
        """Close the channel."""
        if self._made is not None:
            made, self._made = self._made, None
            # the client closes only a REST session that it does not have
            await made._firestore_api.transport.close()


@cache
def _names(collection: str) -> tuple[str, ...]:
    """Name the collections on the way to a document, outermost first."""
    parent = COLLECTIONS[collection].parent
    return (*(_names(parent) if parent is not None else ()), collection)


def _fields(key: Key, body: Body, text: str | None) -> dict[str, JsonScalar]:
    return {**{field: body[field] for field in index_fields(key.collection)}, BODY: text}


def _key(collection: str, path: str) -> Key:
    return Key(collection, tuple(path.split("/")[1::2]))


def _document(key: Key, snapshot: "DocumentSnapshot[Any]") -> Document:
    updated_at: Any = snapshot.update_time
    if not isinstance(updated_at, Timestamp):  # group queries give it bare, the others wrapped
        updated_at = updated_at.timestamp_pb()
    return Document(key, from_json(snapshot.get(BODY)), str(updated_at.ToNanoseconds()))
