"""A store whose projections are empty and kept in memory: for computing them once more."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.domain.collections import COLLECTIONS
from shared.domain.collections.model import Backup
from shared.domain.errors import VersionChanged
from shared.ports import Delete, Document, Documents, JsonScalar, Key, Page, Query, Update, Write

_PROJECTIONS = frozenset(c.name for c in COLLECTIONS.values() if c.backup is Backup.REBUILT)


_Place = tuple[tuple[bool, JsonScalar] | tuple[bool], tuple[str, ...]]  # order, then path


@dataclass(slots=True)
class Overlay:
    """Reads everything else from the real store, and writes nothing to it.

    Shape: `own` are the projections that were written here; `_ordered` the places of a collection
    by the field that it was scanned by, so that a scan costs what it gives.
    """

    real: Documents
    own: dict[Key, Document] = field(default_factory=dict)
    _ordered: dict[tuple[str, str | None], list[_Place]] = field(default_factory=dict)
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
            before = self.own.pop(write.key, None)
            if not isinstance(write, Delete):
                self.own[write.key] = Document(write.key, write.body, str(self._writes))
            self._reorder(before, self.own.get(write.key))

    async def scan(self, query: Query) -> Page:
        """Scan projections here, in one page, all else there.

        Raises: StoreUnavailable.
        """
        if query.collection not in _PROJECTIONS:
            return await self.real.scan(query)
        places = self._within(query)
        keys = [Key(query.collection, path) for _, path in places]
        found = [d for d in map(self.own.__getitem__, keys) if _fits(d, query)]
        return Page(tuple(found[::-1] if query.descending else found), None)

    def _within(self, query: Query) -> Sequence[_Place]:
        name = query.collection, query.order_by
        if name not in self._ordered:
            own = [d for d in self.own.values() if d.key.collection == query.collection]
            self._ordered[name] = sorted(_place(d, query.order_by) for d in own)
        places = self._ordered[name]
        low, high = 0, len(places)
        if query.at_least is not None:
            low = bisect_left(places, ((True, query.at_least), ()))
        elif query.below is not None:
            low = bisect_left(places, ((True,), ()))  # None is before everything
        if query.below is not None:
            high = bisect_left(places, ((True, query.below), ()))
        return places[low:high]

    def _reorder(self, before: Document | None, now: Document | None) -> None:
        some = before or now
        for (collection, order_by), places in self._ordered.items():
            if some is None or some.key.collection != collection:
                continue
            if before is not None:
                del places[bisect_left(places, _place(before, order_by))]
            if now is not None:
                insort(places, _place(now, order_by))

    async def close(self) -> None:
        """Leave the store behind it open: it is its owner's."""


def _fits(document: Document, query: Query) -> bool:
    if document.key.path[:-1] != query.parent:
        return False
    return all(document.body[name] == value for name, value in query.where.items())


def _place(document: Document, order_by: str | None) -> _Place:
    value = None if order_by is None else document.body[order_by]
    return (value is not None, "" if value is None else value), document.key.path
