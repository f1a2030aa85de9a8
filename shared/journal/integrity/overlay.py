"""A store whose projections are empty and kept in memory: for computing them once more."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.domain.collections import COLLECTIONS
from shared.domain.collections.model import Backup
from shared.domain.errors import VersionChanged
from shared.ports import Delete, Document, Documents, JsonScalar, Key, Page, Query, Update, Write

_PROJECTIONS = frozenset(c.name for c in COLLECTIONS.values() if c.backup is Backup.REBUILT)


@dataclass(slots=True)
class Overlay:
    """Reads everything else from the real store, and writes nothing to it.

    Shape: `own` are the projections that were written here.
    """

    real: Documents
    own: dict[Key, Document] = field(default_factory=dict)
    _writes: int = 0

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        """Read projections here, all else there.

        Raises: StoreUnavailable.
        """
        real = [key for key in keys if key.collection not in _PROJECTIONS]
        found = dict(zip(real, await self.real.get_many(real), strict=True))
        return [self.own.get(key) if key.collection in _PROJECTIONS else found[key] for key in keys]

    async def commit(self, writes: Sequence[Write]) -> None:
        """Keep writes here.

        Raises: VersionChanged.
        """
        for write in writes:
            found = self.own.get(write.key)
            if isinstance(write, Update) and (found is None or found.version != write.version):
                raise VersionChanged(f"{write.key} has changed")
        for write in writes:
            self._writes += 1
            if isinstance(write, Delete):
                self.own.pop(write.key, None)
            else:
                self.own[write.key] = Document(write.key, write.body, str(self._writes))

    async def scan(self, query: Query) -> Page:
        """Scan projections here, in one page, all else there.

        Raises: StoreUnavailable.
        """
        if query.collection not in _PROJECTIONS:
            return await self.real.scan(query)
        found = [d for d in self.own.values() if _fits(d, query)]
        found.sort(key=lambda d: (_order(d, query), d.key.path), reverse=query.descending)
        return Page(tuple(found), None)

    async def close(self) -> None:
        """Leave the store behind it open: it is its owner's."""


def _fits(document: Document, query: Query) -> bool:
    if document.key.collection != query.collection or document.key.path[:-1] != query.parent:
        return False
    if any(document.body[name] != value for name, value in query.where.items()):
        return False
    if query.order_by is None or (query.at_least is None and query.below is None):
        return True
    value = document.body[query.order_by]
    if value is None:
        return False
    return (query.at_least is None or value >= query.at_least) and (
        query.below is None or value < query.below
    )


def _order(document: Document, query: Query) -> tuple[bool, JsonScalar]:
    value = None if query.order_by is None else document.body[query.order_by]
    return value is not None, "" if value is None else value
