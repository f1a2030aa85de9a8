"""Move a kind of passages to another embedder's collection while everybody goes on reading."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.domain.passage import Passage, PassageKind
from shared.ports import StoredPoint
from shared.retrieval.shelves import Shelves, alias_of, collection_of

_PAGE = 64


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What was done: passages copied now, all of the old collection, and those that are unreadable.

    Shape: `source` is the collection that the alias named before, None when it named none.
    """

    source: str | None
    target: str
    copied: int
    walked: int
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reindex:
    """Fills this embedder's collections from those that the aliases name."""

    shelves: Shelves

    async def run(
        self,
        kind: PassageKind,
        *,
        drop: bool = False,
        told: Callable[[int], None] = lambda _: None,
    ) -> Reindexed:
        """Copy a kind's passages, re-embedded, and let the alias name the copy.

        Readers are served by the old collection until the new one is whole; what arrives in the
        old one meanwhile is copied after the switch. `told` hears how many passages were walked.
        Idempotent: a passage that is there is not embedded again, so a broken run goes on.
        Raises: StoreUnavailable, ContractBroken, and what embedding raises.
        """
        index, target = self.shelves.index, collection_of(kind, self.shelves.embedder)
        source = await index.resolve(alias_of(kind))
        await index.ensure(target, self.shelves.embedder.dimension)
        if source is None or source == target:
            await index.point_alias(alias_of(kind), target)
            return Reindexed(source, target, 0, 0, ())
        copied, walked, unreadable = await self._copy(source, told)
        await index.point_alias(alias_of(kind), target)
        late, walked, unreadable = await self._copy(source, lambda _: None)
        if drop and not unreadable:
            await index.drop(source)
        return Reindexed(source, target, copied + late, walked, unreadable)

    async def _copy(
        self, source: str, told: Callable[[int], None]
    ) -> tuple[int, int, tuple[str, ...]]:
        copied, walked, unreadable = 0, 0, list[str]()
        after: str | None = None
        while page := await self.shelves.index.walk(source, after, _PAGE):
            passages = [_read(stored) for stored in page]
            copied += await self.shelves.put([p for p in passages if p is not None])
            bad = [stored.id for stored, p in zip(page, passages, strict=True) if p is None]
            unreadable += bad
            walked, after = walked + len(page), page[-1].id
            told(walked)
        return copied, walked, tuple(unreadable)


def _read(stored: StoredPoint) -> Passage | None:
    try:
        return Passage.read(stored.id, dict(stored.payload))
    except ValueError:
        return None
