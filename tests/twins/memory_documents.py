"""Documents in a dictionary: the twin of the stores in fast tests and in the simulation."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import from_json

from shared.adapters.document_rules import (
    check_keys,
    check_query,
    encode_batch,
    read_cursor,
    write_cursor,
)
from shared.domain.collections.addresses import index_fields
from shared.domain.errors import AlreadyExists, VersionChanged
from shared.ports import Body, Create, Delete, Document, JsonScalar, Key, Page, Query, Write

Rank = tuple[int, Any]


def _rank(value: JsonScalar) -> Rank:
    return (0, 0) if value is None else (2, value) if isinstance(value, str) else (1, value)


def _is_within(rank: Rank, query: Query) -> bool:
    """Tell whether a value lies between the query's bounds, which are of its own type."""
    if query.at_least is not None:
        low = _rank(query.at_least)
        if rank < low or rank[0] != low[0]:
            return False
    if query.below is not None:
        high = _rank(query.below)
        return rank < high and rank[0] == high[0]
    return True


class MemoryDocuments:
    """One process, one event loop; `commits` counts the batches that were applied."""

    def __init__(self) -> None:
        self._rows: dict[Key, tuple[str, str]] = {}  # body as JSON, version
        # by collection, then by the ancestors' ids
        self._indexed: defaultdict[str, defaultdict[tuple[str, ...], dict[Key, Body]]]
        self._indexed = defaultdict(lambda: defaultdict(dict))
        self._sequence = 0
        self.commits = 0

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        check_keys(keys)
        return [self._read(key) for key in keys]

    def _read(self, key: Key) -> Document | None:
        row = self._rows.get(key)
        return None if row is None else Document(key, from_json(row[0]), row[1])

    async def commit(self, writes: Sequence[Write]) -> None:
        bodies = encode_batch(writes)
        for write in writes:
            self._check(write)
        for write, body in zip(writes, bodies, strict=True):
            self._sequence += 1
            if body is None:
                self._rows.pop(write.key, None)
                self._siblings(write.key).pop(write.key, None)
            else:
                self._rows[write.key] = (body, str(self._sequence))
                named = index_fields(write.key.collection)
                fields = {name: write.body[name] for name in named}  # type: ignore[union-attr]  # no deletion has a body
                self._siblings(write.key)[write.key] = fields
        self.commits += 1

    def _siblings(self, key: Key) -> dict[Key, Body]:
        return self._indexed[key.collection][key.path[:-1]]

    def _check(self, write: Write) -> None:
        row = self._rows.get(write.key)
        if isinstance(write, Create):
            if row is not None:
                raise AlreadyExists(f"{write.key} exists")
        elif not (isinstance(write, Delete) and write.version is None) and (
            row is None or row[1] != write.version
        ):
            raise VersionChanged(f"{write.key} has changed or is gone")

    async def scan(self, query: Query) -> Page:
        check_query(query)
        after = read_cursor(query)
        found = sorted(self._matches(query), reverse=query.descending)  # no two have one path
        if after is not None:
            place = (_rank(after[0]), after[1])
            found = [
                row for row in found if (row[:2] < place if query.descending else row[:2] > place)
            ]
        page = [d for _, _, key in found[: query.limit] if (d := self._read(key)) is not None]
        cursor = None
        if len(found) > query.limit:
            last = page[-1]
            cursor = write_cursor(
                last.body[query.order_by] if query.order_by else None, last.key.path
            )
        return Page(tuple(page), cursor)

    def _matches(self, query: Query) -> Iterator[tuple[Rank, tuple[str, ...], Key]]:
        parents = self._indexed[query.collection]
        under = parents.values() if query.parent is None else [parents.get(query.parent, {})]
        where = query.where.items()
        for siblings in under:
            for key, fields in siblings.items():
                for field, value in where:
                    if fields[field] != value:
                        break
                else:
                    rank = _rank(fields[query.order_by] if query.order_by else None)
                    if _is_within(rank, query):
                        yield rank, key.path, key

    async def close(self) -> None:
        """Nothing is open."""
