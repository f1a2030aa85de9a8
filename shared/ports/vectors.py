"""The ports of retrieval: an index of points, and what makes texts comparable, billed or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VectorPoint:
    """A text as the index keeps it.

    Shape: `id` is a UUID in its canonical form; `dense` has the collection's dimension; `sparse`
    maps a term's number to its weight and may be empty; `payload` is JSON, times in microseconds.
    """

    id: str
    dense: Sequence[float]
    sparse: Mapping[int, float]
    payload: Payload

    def __post_init__(self) -> None:
        if str(UUID(self.id)) != self.id:
            raise ValueError(f"{self.id!r} is not the canonical form of a UUID")


@dataclass(frozen=True, slots=True)
class VectorFilter:
    """Which points are looked at: those that meet every condition; an empty filter lets all pass.

    Shape: `any` maps a field to the words of which it must hold one (a field may be a list of
    words); `at_most` and `at_least` bound whole numbers. A point without the field does not pass.
    """

    any: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at_most: Mapping[str, int] = field(default_factory=dict)
    at_least: Mapping[str, int] = field(default_factory=dict)

    @property
    def impossible(self) -> bool:
        """Whether some field has no word to hold, so that nothing passes."""
        return () in self.any.values()


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """What is looked for: by meaning, by words, or by both with their ranks fused.

    Shape: with both halves each brings its best `depth` points, and a point's score is the sum of
    1 / (rank + `rrf_k`) over the halves that bring it, ranks counted from 0. With one half the
    score is that half's own: cosine, or the sum of weights times the terms' rarity. A half that is
    None, or sparse without terms, brings nothing and is not counted.
    """

    dense: Sequence[float] | None
    sparse: Mapping[int, float] | None
    filter: VectorFilter = field(default_factory=VectorFilter)
    limit: int = 10
    depth: int = 100
    rrf_k: int = 2


@dataclass(frozen=True, slots=True)
class VectorHit:
    """A point that was found, best first in its list."""

    id: str
    score: float
    payload: Payload


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """A point as a walk through its collection shows it, without its vectors."""

    id: str
    payload: Payload


class VectorIndex(Protocol):
    """Points in collections; wherever a collection is named, an alias of it will do."""

    async def ensure(self, collection: str, dimension: int) -> None:
        """Have the collection, with the indexes of every field that filters name.

        Idempotent: one that is there stays as it is.
        Raises: StoreUnavailable, ContractBroken when it has another dimension.
        """
        ...

    async def upsert(self, collection: str, points: Sequence[VectorPoint]) -> None:
        """Write points, whole, in place of those with their ids; searchable on return.

        Idempotent: the same points again change nothing.
        Raises: StoreUnavailable, NotFound without the collection, ValueError for a vector of
        another dimension (nothing was written).
        """
        ...

    async def search(self, collection: str, query: VectorQuery) -> list[VectorHit]:
        """Find the best points, best first.

        Raises: StoreUnavailable, NotFound without the collection, ValueError for a vector of
        another dimension.
        """
        ...

    async def have(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Tell which of these ids are there.

        Raises: StoreUnavailable, NotFound without the collection.
        """
        ...

    async def walk(
        self, collection: str, after: str | None = None, limit: int = 256
    ) -> list[StoredPoint]:
        """Read points in the order of their ids, from behind `after`; the end is an empty list.

        Raises: StoreUnavailable, NotFound without the collection.
        """
        ...

    async def count(self, collection: str, only: VectorFilter | None = None) -> int:
        """Count the points that pass, exactly.

        Raises: StoreUnavailable, NotFound without the collection.
        """
        ...

    async def delete(self, collection: str, only: VectorFilter) -> None:
        """Remove the points that pass.

        Raises: StoreUnavailable, NotFound without the collection.
        """
        ...

    async def point_alias(self, alias: str, collection: str) -> None:
        """Let the alias name this collection from now on, in one step: never none, never two.

        Raises: StoreUnavailable, NotFound without the collection.
        """
        ...

    async def resolve(self, alias: str) -> str | None:
        """Tell which collection an alias names, None where it names none.

        Raises: StoreUnavailable.
        """
        ...

    async def drop(self, collection: str) -> None:
        """Have the collection no more, nor its aliases.

        Idempotent: one that is gone is no error.
        Raises: StoreUnavailable.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...


class Embedder(Protocol):
    """Texts in, vectors of length one out, so that near in meaning is near in angle."""

    @property
    def model(self) -> str:
        """Name of the model for collections and labels: lower case, digits, dots and hyphens."""
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        ...

    async def documents(self, texts: Sequence[str]) -> list[list[float]]:
        """Embed texts that will be looked for, in their order.

        Raises: RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected, ContractBroken.
        """
        ...

    async def query(self, text: str) -> list[float]:
        """Embed what is looked for.

        Raises: RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected, ContractBroken.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors of length one, in the order of their texts.

    Shape: `tokens` as the provider counts and bills them, None where it told no count.
    """

    vectors: list[list[float]]
    tokens: int | None


class BilledEmbedder(Protocol):
    """An embedder of a provider that bills: asked through a guard, which is an Embedder."""

    @property
    def model(self) -> str:
        """Name of the model, as of an Embedder."""
        ...

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        ...

    async def documents(self, texts: Sequence[str]) -> Embedded:
        """Embed texts that will be looked for.

        Raises: as an Embedder.
        """
        ...

    async def query(self, text: str) -> Embedded:
        """Embed what is looked for, as the only text.

        Raises: as an Embedder.
        """
        ...

    async def close(self) -> None:
        """Release what was opened."""
        ...
