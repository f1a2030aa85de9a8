"""The collections of passages: what they are called, and what is written into them.

A collection's name tells what made its vectors (kind, model, dimension, word weights), so vectors
of two makings never meet in one; the kind alone is the alias that readers follow.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from shared.domain.passage import Passage, PassageKind
from shared.ports import Embedder, VectorIndex, VectorPoint
from shared.retrieval import sparse

_BATCH = 64  # passages that are embedded and written together


def alias_of(kind: PassageKind) -> str:
    """Name the alias that readers of a kind follow."""
    return kind.value


def collection_of(kind: PassageKind, embedder: Embedder) -> str:
    """Name the collection that an embedder's vectors of a kind are kept in."""
    return f"{kind.value}.{embedder.model}.{embedder.dimension}.{sparse.VERSION}"


def searchable(passage: Passage) -> str:
    """Give the text by which a passage is found: its title and what it says."""
    if passage.text.startswith(passage.title):
        return passage.text
    return f"{passage.title}\n{passage.text}"


@dataclass(frozen=True, slots=True)
class Shelves:
    """Writes passages into this embedder's collections."""

    index: VectorIndex
    embedder: Embedder

    async def open(self) -> None:
        """Have a collection of every kind, and an alias where nobody has named one yet.

        Idempotent.
        Raises: StoreUnavailable, ContractBroken.
        """
        for kind in PassageKind:
            name = collection_of(kind, self.embedder)
            await self.index.ensure(name, self.embedder.dimension)
            if await self.index.resolve(alias_of(kind)) is None:
                await self.index.point_alias(alias_of(kind), name)

    async def put(self, passages: Sequence[Passage]) -> int:
        """Embed and write the passages that are not there, and tell how many those were.

        Idempotent: an id follows from its content, so one that is there is the same.
        Raises: NotFound before `open`, RetryableError, PermanentError; what was written stays.
        """
        kinds: defaultdict[PassageKind, dict[str, Passage]] = defaultdict(dict)
        for passage in passages:
            kinds[passage.kind][passage.id] = passage
        written = 0
        for kind, by_id in kinds.items():
            listed = list(by_id.values())
            for start in range(0, len(listed), _BATCH):
                written += await self._put(kind, listed[start : start + _BATCH])
        return written

    async def _put(self, kind: PassageKind, batch: Sequence[Passage]) -> int:
        name = collection_of(kind, self.embedder)
        there = await self.index.have(name, [passage.id for passage in batch])
        new = [passage for passage in batch if passage.id not in there]
        if new:
            texts = [searchable(passage) for passage in new]
            vectors = await self.embedder.documents(texts)
            rows = zip(new, texts, vectors, strict=True)
            await self.index.upsert(name, [_point(*row) for row in rows])
        return len(new)


def _point(passage: Passage, text: str, vector: Sequence[float]) -> VectorPoint:
    return VectorPoint(passage.id, vector, sparse.document_weights(text), passage.payload())
