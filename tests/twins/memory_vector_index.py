"""Points in dictionaries, searched one by one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

from shared.domain.errors import ContractBroken, NotFound
from shared.ports import StoredPoint, VectorFilter, VectorHit, VectorPoint, VectorQuery

Ranked = list[tuple[str, float]]


@dataclass
class _Collection:
    dimension: int
    points: dict[str, VectorPoint] = field(default_factory=dict)


class MemoryVectorIndex:
    def __init__(self) -> None:
        self._collections: dict[str, _Collection] = {}
        self._aliases: dict[str, str] = {}

    async def ensure(self, collection: str, dimension: int) -> None:
        found = self._collections.setdefault(collection, _Collection(dimension))
        if found.dimension != dimension:
            raise ContractBroken(f"{collection} has {found.dimension} dimensions, not {dimension}")

    async def upsert(self, collection: str, points: Sequence[VectorPoint]) -> None:
        found = self._find(collection)
        for point in points:
            _check(found, point.dense)
        found.points |= {point.id: point for point in points}

    async def search(self, collection: str, query: VectorQuery) -> list[VectorHit]:
        found = self._find(collection)
        passing = [p for p in found.points.values() if _passes(query.filter, p)]
        halves = []
        if query.dense is not None:
            _check(found, query.dense)
            halves.append([(p.id, _cosine(query.dense, p.dense)) for p in passing])
        if query.sparse:
            rarity = _rarity(found, query.sparse)
            halves.append(
                [(p.id, score) for p in passing if (score := _overlap(query.sparse, p, rarity))]
            )
        ranked = [sorted(half, key=lambda hit: -hit[1]) for half in halves]
        best = ranked[0] if len(ranked) == 1 else _fused(ranked, query)
        return [VectorHit(i, s, dict(found.points[i].payload)) for i, s in best[: query.limit]]

    async def have(self, collection: str, ids: Sequence[str]) -> set[str]:
        return set(ids) & set(self._find(collection).points)

    async def walk(
        self, collection: str, after: str | None = None, limit: int = 256
    ) -> list[StoredPoint]:
        points = self._find(collection).points
        behind = sorted(i for i in points if after is None or i > after)
        return [StoredPoint(i, dict(points[i].payload)) for i in behind[:limit]]

    async def count(self, collection: str, only: VectorFilter | None = None) -> int:
        points = self._find(collection).points.values()
        return sum(_passes(only or VectorFilter(), point) for point in points)

    async def delete(self, collection: str, only: VectorFilter) -> None:
        found = self._find(collection)
        found.points = {i: p for i, p in found.points.items() if not _passes(only, p)}

    async def point_alias(self, alias: str, collection: str) -> None:
        self._find(collection)
        self._aliases[alias] = self._aliases.get(collection, collection)

    async def resolve(self, alias: str) -> str | None:
        return self._aliases.get(alias)

    async def drop(self, collection: str) -> None:
        self._collections.pop(collection, None)
        self._aliases = {a: named for a, named in self._aliases.items() if named != collection}

    async def close(self) -> None:
        """Nothing is open."""

    def _find(self, name: str) -> _Collection:
        found = self._collections.get(self._aliases.get(name, name))
        if found is None:
            raise NotFound(f"there is no collection {name!r}")
        return found


def _check(collection: _Collection, vector: Sequence[float]) -> None:
    if len(vector) != collection.dimension:
        raise ValueError(f"expected {collection.dimension} dimensions, found {len(vector)}")


def _passes(asked: VectorFilter, point: VectorPoint) -> bool:
    held, missing = point.payload, None
    return (
        all(set(words) & _words(held.get(name, missing)) for name, words in asked.any.items())
        and all(name in held and held[name] <= most for name, most in asked.at_most.items())
        and all(name in held and held[name] >= least for name, least in asked.at_least.items())
    )


def _words(value: object) -> set[str]:
    return set(value) if isinstance(value, list | tuple) else {str(value)}


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / sqrt(sum(a * a for a in one)) / sqrt(sum(b * b for b in other))


def _rarity(collection: _Collection, terms: Mapping[int, float]) -> dict[int, float]:
    total = len(collection.points)
    holders = Counter(t for p in collection.points.values() for t in p.sparse)
    return {t: log((total - holders[t] + 0.5) / (holders[t] + 0.5) + 1) for t in terms}


def _overlap(terms: Mapping[int, float], point: VectorPoint, rarity: Mapping[int, float]) -> float:
    return sum(w * point.sparse.get(t, 0.0) * rarity[t] for t, w in terms.items())


def _fused(halves: Sequence[Ranked], query: VectorQuery) -> Ranked:
    scores = Counter[str]()
    for half in halves:
        for rank, (found, _) in enumerate(half[: query.depth]):
            scores[found] += 1 / (rank + query.rrf_k)  # type: ignore[assignment]  # a sum of fractions
    return sorted(scores.items(), key=lambda hit: -hit[1])
