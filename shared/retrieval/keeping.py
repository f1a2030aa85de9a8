"""What a writer asks of the shelves: what is lacking, what is alike, what is to be forgotten."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from shared.domain.passage import Passage, PassageKind
from shared.domain.time import to_micros
from shared.ports import VectorFilter, VectorQuery
from shared.retrieval import sparse
from shared.retrieval.shelves import Shelves, collection_of, searchable

_FEW = 5


async def lacking(shelves: Shelves, passages: Sequence[Passage]) -> list[Passage]:
    """Return the passages that are not there yet, in their order.

    Raises: StoreUnavailable, NotFound before the shelves are opened.
    """
    ids: defaultdict[PassageKind, list[str]] = defaultdict(list)
    for passage in passages:
        ids[passage.kind].append(passage.id)
    there: set[str] = set()
    for kind, listed in ids.items():
        there |= await shelves.index.have(collection_of(kind, shelves.embedder), listed)
    return [passage for passage in passages if passage.id not in there]


async def alike(shelves: Shelves, passage: Passage, since: datetime) -> list[Passage]:
    """Return a few that share the most words with a passage, were known by then and are not older.

    Raises: StoreUnavailable, NotFound before the shelves are opened.
    """
    known, happened = to_micros(passage.known_at), to_micros(since)
    query = VectorQuery(
        dense=None,
        sparse=sparse.query_weights(searchable(passage)),
        filter=VectorFilter(at_most={"known_us": known}, at_least={"happened_us": happened}),
        limit=_FEW,
    )
    hits = await shelves.index.search(collection_of(passage.kind, shelves.embedder), query)
    return [Passage.read(hit.id, dict(hit.payload)) for hit in hits]


async def forget(shelves: Shelves, kind: PassageKind, until: datetime) -> None:
    """Have no passage of a kind any more that was known at `until` or before.

    Idempotent.
    Raises: StoreUnavailable, NotFound before the shelves are opened.
    """
    old = VectorFilter(at_most={"known_us": to_micros(until)})
    await shelves.index.delete(collection_of(kind, shelves.embedder), old)
