"""A VectorIndex in this process: Qdrant's engine over a folder.

What was written survives a kill, since the engine logs it before it answers, and a loss of power,
since the log is forced to disk before a change returns: cursors move after it. The engine's own
flush holds up every thread for a third of a second: only a full log is worth it. The engine is
synchronous, so every call goes to a thread. Its optimizer takes minutes at 100,000 points and is
never run: without it a search there takes 13 ms.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from shared.adapters.qdrant.edge_shards import DENSE, SPARSE, EdgeShards
from shared.domain.errors import StoreUnavailable
from shared.ports import StoredPoint, VectorFilter, VectorHit, VectorPoint, VectorQuery

if TYPE_CHECKING:
    from qdrant_edge import (
        EdgeShard,
        Filter,
        NamedVector,
        Point,
        Prefetch,
        QueryRequest,
        SparseVector,
    )

_T = TypeVar("_T")


class QdrantEdgeVectorIndex:
    """One process holds the folder at a time.

    Shape: `force` has an open file's content on disk.
    """

    def __init__(self, folder: Path, force: Callable[[int], None] = os.fsync) -> None:
        self._shards = EdgeShards(folder, force)

    async def ensure(self, collection: str, dimension: int) -> None:
        """Have the collection."""
        await asyncio.to_thread(self._shards.ensure, collection, dimension)

    async def upsert(self, collection: str, points: Sequence[VectorPoint]) -> None:
        """Write points; they are on disk when this returns."""

        def write(shard: "EdgeShard", dimension: int) -> None:
            from qdrant_edge import UpdateOperation

            for point in points:
                _check(point.dense, dimension)
            if points:
                shard.update(UpdateOperation.upsert_points([_written(p) for p in points]))

        await self._use(collection, write, changes=True)

    async def search(self, collection: str, query: VectorQuery) -> list[VectorHit]:
        """Find the best points."""

        def look(shard: "EdgeShard", dimension: int) -> list[VectorHit]:
            if query.dense is not None:
                _check(query.dense, dimension)
            request = _request(query)
            found = [] if request is None else shard.query(request)
            return [VectorHit(str(hit.id), hit.score, hit.payload or {}) for hit in found]

        return await self._use(collection, look)

    async def have(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Tell which of these ids are there."""

        def retrieve(shard: "EdgeShard", _: int) -> set[str]:
            found = shard.retrieve(list(ids), with_payload=False, with_vector=False)
            return {str(record.id) for record in found}

        return await self._use(collection, retrieve)

    async def walk(
        self, collection: str, after: str | None = None, limit: int = 256
    ) -> list[StoredPoint]:
        """Read points in the order of their ids."""

        def scroll(shard: "EdgeShard", _: int) -> list[StoredPoint]:
            from qdrant_edge import ScrollRequest

            # the engine begins with the point that it is told, which the caller has seen
            more = limit if after is None else limit + 1
            page, _next = shard.scroll(ScrollRequest(offset=after, limit=more, with_payload=True))
            stored = [StoredPoint(str(record.id), record.payload or {}) for record in page]
            return [point for point in stored if point.id != after][:limit]

        return await self._use(collection, scroll)

    async def count(self, collection: str, only: VectorFilter | None = None) -> int:
        """Count the points that pass."""

        def counted(shard: "EdgeShard", _: int) -> int:
            from qdrant_edge import CountRequest

            if only is not None and only.impossible:
                return 0
            return shard.count(CountRequest(exact=True, filter=_filter(only)))

        return await self._use(collection, counted)

    async def delete(self, collection: str, only: VectorFilter) -> None:
        """Remove the points that pass."""

        def remove(shard: "EdgeShard", _: int) -> None:
            from qdrant_edge import Filter, UpdateOperation

            if not only.impossible:
                chosen = _filter(only) or Filter(must=[])
                shard.update(UpdateOperation.delete_points_by_filter(chosen))

        await self._use(collection, remove, changes=True)

    async def point_alias(self, alias: str, collection: str) -> None:
        """Move an alias; its file is replaced whole."""
        await asyncio.to_thread(self._shards.point, alias, collection)

    async def resolve(self, alias: str) -> str | None:
        """Tell which collection an alias names."""
        return (await asyncio.to_thread(self._shards.aliases)).get(alias)

    async def drop(self, collection: str) -> None:
        """Remove a collection's files."""
        await asyncio.to_thread(self._shards.drop, collection)

    async def close(self) -> None:
        """Let go of the folder."""
        await asyncio.to_thread(self._shards.close)

    async def _use(
        self, name: str, work: "Callable[[EdgeShard, int], _T]", *, changes: bool = False
    ) -> _T:
        return await asyncio.to_thread(self._used, name, work, changes=changes)

    def _used(self, name: str, work: "Callable[[EdgeShard, int], _T]", *, changes: bool) -> _T:
        found, shard, dimension = self._shards.find(name)
        try:
            done = work(shard, dimension)
            if changes:
                self._shards.secure(found, shard)
        except ValueError:
            raise
        except Exception as error:  # the engine raises nothing narrower
            if self._shards.find(name)[0] != found:  # the alias moved and the old one was dropped
                return self._used(name, work, changes=changes)
            raise StoreUnavailable(f"vector index, {found}: {error}") from error
        return done


def _check(vector: Sequence[float], dimension: int) -> None:
    if len(vector) != dimension:
        raise ValueError(f"expected {dimension} dimensions, found {len(vector)}")


def _written(point: VectorPoint) -> "Point":
    from qdrant_edge import Point

    vectors: dict[str, NamedVector] = {DENSE: list(point.dense)}
    if point.sparse:
        vectors[SPARSE] = _sparse(point.sparse)
    return Point(id=point.id, vector=vectors, payload=dict(point.payload))


def _sparse(terms: Mapping[int, float]) -> "SparseVector":
    from qdrant_edge import SparseVector

    return SparseVector(list(terms), list(terms.values()))


def _request(query: VectorQuery) -> "QueryRequest | None":
    """Translate a question; None when it asks nothing, or nothing can pass."""
    from qdrant_edge import Fusion, QueryRequest

    halves = _halves(query)
    if not halves or query.filter.impossible:
        return None
    if len(halves) == 1:
        return QueryRequest(
            limit=query.limit, query=halves[0].query, filter=halves[0].filter, with_payload=True
        )
    return QueryRequest(
        limit=query.limit,
        query=Fusion.Rrf(k=query.rrf_k),  # type: ignore[arg-type]  # a kind of Fusion; the stub nests it
        prefetches=halves,
        with_payload=True,
    )


def _halves(query: VectorQuery) -> "list[Prefetch]":
    from qdrant_edge import Prefetch, Query

    asked = []
    if query.dense is not None:
        asked.append(Query.Nearest(list(query.dense), using=DENSE))
    if query.sparse:
        asked.append(Query.Nearest(_sparse(query.sparse), using=SPARSE))
    chosen = _filter(query.filter)
    return [Prefetch(limit=query.depth, query=half, filter=chosen) for half in asked]


def _filter(only: VectorFilter | None) -> "Filter | None":
    from qdrant_edge import FieldCondition, Filter, MatchAny, RangeFloat

    if only is None:
        return None
    # a float holds a count of microseconds exactly until the year 2255
    conditions = [
        *(FieldCondition(key=k, match=MatchAny(any=list(v))) for k, v in only.any.items()),
        *(FieldCondition(key=k, range=RangeFloat(lte=v)) for k, v in only.at_most.items()),
        *(FieldCondition(key=k, range=RangeFloat(gte=v)) for k, v in only.at_least.items()),
    ]
    return Filter(must=list(conditions)) if conditions else None
