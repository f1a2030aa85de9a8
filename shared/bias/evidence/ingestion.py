"""Puts documents into the index: the newest with every refresh, all of them by a backfill."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.bias.evidence.feeds import Feed
from shared.bias.evidence.progress import Progress
from shared.domain.passage import Passage, PassageKind
from shared.market.arrivals import TakenIn
from shared.ports import Clock
from shared.retrieval.documents import passages_of
from shared.retrieval.keeping import alike, forget, lacking
from shared.retrieval.repeats import is_repeat
from shared.retrieval.shelves import Shelves

_log = logging.getLogger(__name__)

_FIRST = timedelta(days=3)  # how far back the first refresh looks; a backfill reads what is older
_AT_ONCE = 400  # passages a refresh; embedding them takes the offline model ten seconds
_PRUNED = "retention"
_DAILY = timedelta(days=1)
_OTHERS = (PassageKind.NEWS, PassageKind.EVENTS)  # texts of others, which are not kept for ever


@dataclass(frozen=True, slots=True)
class Shelved:
    """What became of some documents: passages that are new, and stories told before."""

    until: datetime
    added: int
    repeats: int


class Ingestion:
    """The way into the index.

    Units: `keep` is how long texts of others stay there.
    """

    def __init__(
        self,
        shelves: Shelves,
        feeds: Sequence[Feed],
        progress: Progress,
        clock: Clock,
        *,
        keep: timedelta,
    ) -> None:
        self._shelves = shelves
        self._feeds = tuple(feeds)
        self._progress = progress
        self._clock = clock
        self._keep = keep

    @property
    def feeds(self) -> tuple[Feed, ...]:
        """What is taken in, in this order."""
        return self._feeds

    async def make_ready(self) -> None:
        """Have the collections; making one takes a second, which an article should not wait.

        Idempotent.
        Raises: StoreUnavailable, ContractBroken.
        """
        await self._shelves.open()

    async def take_in(self) -> TakenIn:
        """Take in what came since the last time, at most a few hundred passages.

        Idempotent: a crash before a cursor has moved repeats what then is there already.
        Raises: StoreUnavailable, NotFound before `make_ready`, and what the embedder raises.
        """
        now = self._clock.now()
        cursors = await self._progress.read()
        await self._prune(cursors.get(_PRUNED), now)
        added, repeats, waiting = 0, 0, list[str]()
        for feed in self._feeds:
            since = cursors.get(feed.name, now - _FIRST)
            if feed.name not in cursors:  # what comes while the index is down is not lost
                await self._progress.move(feed.name, since)
            async for shelved in self._shelve(feed, since, now):
                added, repeats = added + shelved.added, repeats + shelved.repeats
                await self._progress.move(feed.name, shelved.until)
                if added >= _AT_ONCE:
                    waiting.append(f"{feed.name}: more after {shelved.until:%Y-%m-%d %H:%M}")
                    break
        _log.info(
            "retrieval.taken_in",
            extra={"added": added, "repeats": repeats, "waiting": len(waiting)},
        )
        return TakenIn(added, tuple(waiting))

    async def backfill(self, feed: Feed, since: datetime) -> AsyncIterator[Shelved]:
        """Take in all that a feed had after an instant, telling what became of each batch.

        Idempotent: what is there is not embedded again, so a backfill that was cut goes on.
        Raises: StoreUnavailable, and what the embedder raises.
        """
        await self.make_ready()
        async for shelved in self._shelve(feed, since, self._clock.now()):
            yield shelved

    async def forget(self, kind: PassageKind, until: datetime) -> None:
        """Remove what was known at `until` or before."""
        await forget(self._shelves, kind, until)

    async def _shelve(self, feed: Feed, since: datetime, until: datetime) -> AsyncIterator[Shelved]:
        oldest = until - self._keep if feed.kind in _OTHERS else since
        async for batch in feed.batches(max(since, oldest), until):
            passages = [p for document in batch.documents for p in passages_of(document)]
            absent = await lacking(self._shelves, passages) if passages else []
            new = await self._new(absent) if feed.kind is PassageKind.NEWS else absent
            if new:
                await self._shelves.put(new)
            yield Shelved(batch.until, len(new), len(absent) - len(new))

    async def _new(self, passages: Sequence[Passage]) -> list[Passage]:
        """Leave out stories that another article has told before, and versions without a change."""
        new: list[Passage] = []
        for passage in passages:
            earlier = await alike(self._shelves, passage, passage.happened_at - _FIRST)
            if not _was_told(passage, (*new, *earlier)):
                new.append(passage)
        return new

    async def _prune(self, last: datetime | None, now: datetime) -> None:
        if last is not None and now - last < _DAILY:
            return
        for kind in _OTHERS:
            await forget(self._shelves, kind, now - self._keep)
        await self._progress.move(_PRUNED, now)


def _was_told(passage: Passage, before: Sequence[Passage]) -> bool:
    """Tell whether what a passage says is there: of its own article as it is, else nearly so.

    A correction changes a word or a number of many; it must not pass for a repeat.
    """
    part = passage.document, passage.part
    own = [other for other in before if (other.document, other.part) == part]
    newest = max(own, key=lambda other: other.known_at, default=None)
    if newest is not None and _content(newest) == _content(passage):
        return True
    others = (other for other in before if other.document != passage.document)
    return any(is_repeat(_told(passage), _told(other)) for other in others)


def _content(passage: Passage) -> Mapping[str, object]:
    return passage.model_dump(exclude={"id", "known_at", "happened_at"})


def _told(passage: Passage) -> str:
    return f"{passage.title} {passage.text}"
