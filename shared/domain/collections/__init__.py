"""The document model, declared once.

From it come the SQLite tables, Firestore's index file (terraform) and docs/data-model.md; the
stores refuse a query that no declared index serves.
"""

from dataclasses import replace

from shared.domain.collections.common import COMMON
from shared.domain.collections.model import Collection, Index
from shared.domain.collections.owned import OWNED as _OWNED


def _walkable(collection: Collection) -> Collection:
    """Let everything that a user owns be walked: by an archive, and by an erasure."""
    if collection.parent != "users" or any(
        not index.equal and index.order_by is None and not index.group
        for index in collection.indexes
    ):
        return collection
    walk = Index((), None, "archive and erasure of a user: all of it")
    return replace(collection, indexes=(*collection.indexes, walk))


COLLECTIONS: dict[str, Collection] = {c.name: _walkable(c) for c in (*COMMON, *_OWNED)}
OWNED = tuple(c for c in COLLECTIONS.values() if c.parent == "users")


def find_index(
    collection: str,
    equal: frozenset[str],
    order_by: str | None,
    *,
    group: bool,
    descending: bool = False,
) -> Index | None:
    """Find the declared index that serves a scan of this form."""
    return next(
        (
            index
            for index in COLLECTIONS[collection].indexes
            if frozenset(index.equal) == equal
            and index.order_by == order_by
            and index.group == group
            and (index.both_ways or not (descending and index.composite))
        ),
        None,
    )
