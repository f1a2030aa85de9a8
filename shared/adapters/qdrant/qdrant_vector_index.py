"""A VectorIndex on a Qdrant server, through its own client, which is made at first use."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    NotFound,
    RequestRejected,
    StoreUnavailable,
)
from shared.domain.passage import KEYWORDS, NUMBERS
from shared.ports import StoredPoint, VectorFilter, VectorHit, VectorPoint, VectorQuery

if TYPE_CHECKING:
    from qdrant_client import AsyncQdrantClient
    from qdrant_client.http.exceptions import UnexpectedResponse
    from qdrant_client.http.models import Filter, PointStruct, Prefetch, SparseVector

_DENSE, _SPARSE = "dense", "words"
_DIMENSION = "Vector dimension error"  # how the server begins to say it
_TIMEOUT_S = 10
_MESSAGE_CHARACTERS = 200


class QdrantVectorIndex:
    """Shape: `client` stands for the one that would be made of the address (the memory mode)."""

    def __init__(
        self, url: str, api_key: str | None = None, client: "AsyncQdrantClient | None" = None
    ) -> None:
        self._url = url
        self._api_key = api_key
        self._made = client

    async def ensure(self, collection: str, dimension: int) -> None:
        """Have the collection; of several that make it at once, one does."""
        from qdrant_client.http import models

        async with self._speaking(collection) as client:
            if not await client.collection_exists(collection):
                await self._make(client, collection, dimension)
            for field in KEYWORDS:  # also those of a field that filters name only since today
                await client.create_payload_index(
                    collection, field, models.PayloadSchemaType.KEYWORD
                )
            bounds = models.IntegerIndexParams(
                type=models.IntegerIndexType.INTEGER, lookup=False, range=True
            )
            for field in NUMBERS:
                await client.create_payload_index(collection, field, bounds)
        found = await self._dimension(collection)
        if found != dimension:
            raise ContractBroken(f"{collection} has {found} dimensions, not {dimension}")

    async def _make(self, client: "AsyncQdrantClient", collection: str, dimension: int) -> None:
        from qdrant_client.http import models
        from qdrant_client.http.exceptions import UnexpectedResponse

        dense = models.VectorParams(size=dimension, distance=models.Distance.COSINE)
        sparse = models.SparseVectorParams(modifier=models.Modifier.IDF)
        try:
            await client.create_collection(
                collection, vectors_config={_DENSE: dense}, sparse_vectors_config={_SPARSE: sparse}
            )
        except UnexpectedResponse:
            if not await client.collection_exists(collection):
                raise

    async def upsert(self, collection: str, points: Sequence[VectorPoint]) -> None:
        """Write points and wait until they are searchable."""
        _check([point.dense for point in points], await self._dimension(collection))
        if points:
            async with self._speaking(collection) as client:
                await client.upsert(collection, [_written(point) for point in points], wait=True)

    async def search(self, collection: str, query: VectorQuery) -> list[VectorHit]:
        """Find the best points."""
        halves = [] if query.filter.impossible else _halves(query)
        if not halves:
            await self._dimension(collection)
            return []
        async with self._speaking(collection) as client:
            found = await client.query_points(collection, **_asked(halves, query))
        return [VectorHit(str(hit.id), hit.score, hit.payload or {}) for hit in found.points]

    async def have(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Tell which of these ids are there."""
        async with self._speaking(collection) as client:
            found = await client.retrieve(collection, list(ids), with_payload=False)
        return {str(record.id) for record in found}

    async def walk(
        self, collection: str, after: str | None = None, limit: int = 256
    ) -> list[StoredPoint]:
        """Read points in the order of their ids."""
        # the server begins with the point that it is told, which the caller has seen
        more = limit if after is None else limit + 1
        async with self._speaking(collection) as client:
            page, _ = await client.scroll(collection, limit=more, offset=after)
        stored = [StoredPoint(str(record.id), record.payload or {}) for record in page]
        return [point for point in stored if point.id != after][:limit]

    async def count(self, collection: str, only: VectorFilter | None = None) -> int:
        """Count the points that pass."""
        async with self._speaking(collection) as client:
            chosen = _filter(only or VectorFilter())
            found = await client.count(collection, count_filter=chosen, exact=True)
        return 0 if only is not None and only.impossible else int(found.count)

    async def delete(self, collection: str, only: VectorFilter) -> None:
        """Remove the points that pass."""
        from qdrant_client.http import models

        if only.impossible:
            return
        async with self._speaking(collection) as client:
            chosen = models.FilterSelector(filter=_filter(only))
            await client.delete(collection, points_selector=chosen, wait=True)

    async def point_alias(self, alias: str, collection: str) -> None:
        """Move an alias in one change of the server."""
        from qdrant_client.http import models

        gone = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        named = models.CreateAlias(collection_name=collection, alias_name=alias)
        made = models.CreateAliasOperation(create_alias=named)
        moves = await self.resolve(alias) is not None
        async with self._speaking(collection) as client:
            await client.update_collection_aliases([gone, made] if moves else [made])

    async def resolve(self, alias: str) -> str | None:
        """Tell which collection an alias names."""
        async with self._speaking(alias) as client:
            listed = (await client.get_aliases()).aliases
        return next((one.collection_name for one in listed if one.alias_name == alias), None)

    async def drop(self, collection: str) -> None:
        """Remove a collection; its aliases go with it."""
        async with self._speaking(collection) as client:
            await client.delete_collection(collection)

    async def close(self) -> None:
        """Close the connections, if any were opened."""
        if self._made is not None:
            made, self._made = self._made, None
            await made.close()

    async def _dimension(self, collection: str) -> int:
        async with self._speaking(collection) as client:
            described = await client.get_collection(collection)
        vectors: Any = described.config.params.vectors
        if not isinstance(vectors, dict) or _DENSE not in vectors:
            raise ContractBroken(f"{collection} is no collection of ours: it has no {_DENSE!r}")
        return int(vectors[_DENSE].size)

    @asynccontextmanager
    async def _speaking(self, collection: str) -> "AsyncIterator[AsyncQdrantClient]":
        """Give the client, and translate what it raises."""
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        if self._made is None:
            from qdrant_client import AsyncQdrantClient

            self._made = AsyncQdrantClient(
                url=self._url,
                api_key=self._api_key,
                timeout=_TIMEOUT_S,
                check_compatibility=False,  # would ask the server while the client is made
            )
        try:
            yield self._made
        except UnexpectedResponse as error:
            raise _translated(error, collection) from error
        except ResponseHandlingException as error:  # refused, timed out, or no answer of Qdrant's
            raise StoreUnavailable(f"qdrant: {error.source!r:.{_MESSAGE_CHARACTERS}}") from error
        except ValueError as error:  # the memory mode has no statuses
            if "not found" in str(error):
                raise NotFound(f"there is no collection {collection!r}") from error
            raise


def _translated(error: "UnexpectedResponse", collection: str) -> DaybiasError | ValueError:
    status = error.status_code or 0
    told = f"qdrant: {status} {error.content.decode(errors='replace'):.{_MESSAGE_CHARACTERS}}"
    if status == 404:
        return NotFound(f"there is no collection {collection!r}")
    if status == 400 and _DIMENSION in told:
        return ValueError(told)
    if status in {401, 403}:
        return AuthRejected(told)
    if status >= 500 or status == 429:
        return StoreUnavailable(told)
    return RequestRejected(told, status=status)


def _check(vectors: Sequence[Sequence[float]], dimension: int) -> None:
    for vector in vectors:
        if len(vector) != dimension:
            raise ValueError(f"expected {dimension} dimensions, found {len(vector)}")


def _written(point: VectorPoint) -> "PointStruct":
    from qdrant_client.http.models import PointStruct

    vectors: dict[str, Any] = {_DENSE: list(point.dense)}
    if point.sparse:
        vectors[_SPARSE] = _sparse(point.sparse)
    return PointStruct(id=point.id, vector=vectors, payload=dict(point.payload))


def _sparse(terms: Mapping[int, float]) -> "SparseVector":
    from qdrant_client.http.models import SparseVector

    return SparseVector(indices=list(terms), values=list(terms.values()))


def _halves(query: VectorQuery) -> "list[Prefetch]":
    from qdrant_client.http.models import Prefetch

    chosen, halves = _filter(query.filter), []
    if query.dense is not None:
        halves.append(
            Prefetch(query=list(query.dense), using=_DENSE, limit=query.depth, filter=chosen)
        )
    if query.sparse:
        words = _sparse(query.sparse)
        halves.append(Prefetch(query=words, using=_SPARSE, limit=query.depth, filter=chosen))
    return halves


def _asked(halves: "list[Prefetch]", query: VectorQuery) -> dict[str, Any]:
    from qdrant_client.http.models import Rrf, RrfQuery

    if len(halves) == 1:
        (half,) = halves
        return {
            "query": half.query,
            "using": half.using,
            "query_filter": half.filter,
            "limit": query.limit,
        }
    fused = RrfQuery(rrf=Rrf(k=query.rrf_k))
    return {"prefetch": halves, "query": fused, "limit": query.limit}


def _filter(only: VectorFilter) -> "Filter":
    from qdrant_client.http.models import FieldCondition, Filter, MatchAny, Range

    # a float holds a count of microseconds exactly until the year 2255
    return Filter(
        must=[
            *(FieldCondition(key=k, match=MatchAny(any=list(v))) for k, v in only.any.items()),
            *(FieldCondition(key=k, range=Range(lte=v)) for k, v in only.at_most.items()),
            *(FieldCondition(key=k, range=Range(gte=v)) for k, v in only.at_least.items()),
        ]
    )
