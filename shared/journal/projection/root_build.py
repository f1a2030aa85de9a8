"""One root's build: the log from the last checkpoint before a change, and what follows from it.

What a change at the end costs does not depend on how long the log is: a checkpoint, the rows after
it, and the trips and days that these touch. A build without a gate to trust (the first one, another
PROJECTION, another basis, a build that was cut short) goes from the beginning; both are one code.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from shared.domain.errors import VersionChanged
from shared.domain.ids import RowKey
from shared.domain.journal.days import Days
from shared.domain.journal.ledger import Basis, Ledger
from shared.domain.journal.trips.links import EndedTrip
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.domain.time import to_micros
from shared.journal.projection.checkpoints import (
    Place,
    RootLog,
    chained,
    read_contribution,
    state_text,
)
from shared.journal.projection.day_writes import put_all_days, put_changed_days
from shared.journal.projection.documents import gate_body, trip_body, trip_key
from shared.journal.projection.gated_writes import GatedWrites
from shared.journal.storing.log import LogEntry, read_entry
from shared.ports import Document, Key, Query, Write
from shared.scanning import every


class Distrusted(VersionChanged):
    """Something stored is not what the gate says: build from the beginning."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build is to do.

    Shape: it begins at `start`; `trusted` tells that what is stored before `start` is right and
    that the days hold the sums of all `segments` checkpoints that are stored and of the tail; else
    nothing that is stored counts.
    """

    log: RootLog
    basis: Basis
    basis_digest: str
    start: Place
    trusted: bool
    segments: int
    segment_rows: int


@dataclass(slots=True)
class _Segment:
    """Rows since the last checkpoint."""

    rows: list[str] = field(default_factory=list)
    until_us: int | None = None

    def add(self, entries: Sequence[LogEntry]) -> None:
        self.rows += [f"{entry.key}:{entry.hash}" for entry in entries]
        self.until_us = to_micros(entries[0].row.occurred_at)


class RootBuild:
    """Walks the log and lets the stored documents follow, a segment at a time."""

    def __init__(self, plan: Plan, writes: GatedWrites) -> None:
        self._plan = plan
        self._log = plan.log
        self._writes = writes
        self._place = plan.start
        state = plan.start.ledger_state()
        # trips that had ended when a roll of theirs was still to be found: back to what they were
        self._links = {
            trip.key: EndedTrip(trip.key, [*trip.rolled_from], [*trip.rolled_to])
            for trip in state.links.ended
        }
        self._ledger = Ledger(plan.log.root, plan.basis, state)
        self._new_days, self._old_days = Days(), Days()

    async def run(self, marks: Iterable[Write]) -> int:
        """Bring everything stored of the root up to its log; return how many documents it wrote.

        Raises: VersionChanged, StoreUnavailable.
        """
        segment = _Segment()
        async for entries in self._instants():
            self._ledger.take([(entry.key, entry.row) for entry in entries])
            segment.add(entries)
            if len(segment.rows) >= self._plan.segment_rows:
                await self._seal(segment)
                segment = _Segment()
                await self._writes.relieve()
        digest = await self._end(segment)
        body = gate_body(self._log.account_key, self._ledger, self._plan.basis_digest, digest)
        await self._writes.finish({**body, "segments": self._place.number}, marks)
        return self._writes.count

    async def _instants(self) -> AsyncIterator[list[LogEntry]]:
        """Yield the rows after the start, those of one instant together."""
        start = self._place.until_us
        query = Query(
            "executions",
            (self._log.user_id,),
            where={"account_key": self._log.account_key, "root": self._log.root},
            order_by="at_us",
            at_least=None if start is None else start + 1,
        )
        group: list[LogEntry] = []
        async for found in every(self._log.documents, query):
            entry = read_entry(found)
            if group and entry.row.occurred_at != group[0].row.occurred_at:
                yield group
                group = []
            group.append(entry)
        if group:
            yield group

    async def _seal(self, segment: _Segment) -> None:
        before = self._place
        self._place = Place(
            number=before.number + 1,
            rows=before.rows + len(segment.rows),
            until_us=segment.until_us,
            digest=chained(before.digest, segment.rows),
            state=state_text(self._ledger.state()),
        )
        await self._put_trips((), before.until_us, segment.until_us)
        await self._put_place(self._place, self._place.number)

    async def _end(self, segment: _Segment) -> str:
        """Write the tail, the trips under way and the days; return the digest of the whole log."""
        before = self._place
        self._ledger.finish()
        digest = chained(before.digest, segment.rows)
        tail = Place(before.number, before.rows + len(segment.rows), None, digest, None)
        await self._put_trips(self._ledger.open_trips(), before.until_us, None)
        await self._put_place(tail, 0)
        await self._remove_later_places()
        if self._plan.trusted:
            self._new_days.add(self._old_days, -1)
            await put_changed_days(self._log, self._new_days, self._writes)
        else:
            await put_all_days(self._log, self._new_days, self._writes)
        return digest

    async def _put_place(self, place: Place, number: int) -> None:
        key = self._log.key(number)
        (found,) = await self._log.documents.get_many([key])
        self._count_no_more(key, found, expected=number <= self._plan.segments)
        days, self._ledger.days = self._ledger.days, Days()
        self._new_days.add(days)
        self._writes.put(key, found, self._log.body(place, days))

    def _count_no_more(self, key: Key, found: Document | None, *, expected: bool) -> None:
        """Note what a checkpoint that is replaced, or removed, had added to the days."""
        if found is not None:
            self._old_days.add(read_contribution(found.body))
        elif expected and self._plan.trusted:
            raise Distrusted(f"{key} is gone")

    async def _put_trips(
        self, under_way: Iterable[RoundTrip], after_us: int | None, until_us: int | None
    ) -> None:
        """Write the trips that ended, or are under way; remove those that nothing opened any more.

        Shape: what is stored of the time from after `after_us` to `until_us` is all there can be of
        trips that were opened in the segment.
        """
        ledger = self._ledger
        opened = {self._key(key) for key in ledger.take_opened()}
        wanted = {self._key(trip.key): trip for trip in (*ledger.ended, *under_way)}
        ledger.ended = []
        stored = await self._stored(after_us, until_us)
        for key, found in stored.items():
            if key not in opened and self._writes.waiting(key) is None:
                self._writes.delete(found)
        rest = [key for key in wanted if key not in stored]
        known = await self._log.documents.get_many(rest) if rest else []
        kept: dict[Key, Document | None] = {**stored, **dict(zip(rest, known, strict=True))}
        for key, trip in wanted.items():
            self._writes.put(key, kept[key], trip_body(self._log.account_key, trip))
        await self._relink(kept)

    async def _stored(self, after_us: int | None, until_us: int | None) -> dict[Key, Document]:
        query = Query(
            "round_trips",
            (self._log.user_id,),
            where={"account_key": self._log.account_key, "root": self._log.root},
            order_by="opened_us",
            at_least=None if after_us is None else after_us + 1,
            below=None if until_us is None else until_us + 1,
        )
        return {found.key: found async for found in every(self._log.documents, query)}

    async def _relink(self, kept: Mapping[Key, Document | None]) -> None:
        """Put the links of rolls that were found after the end of their trips."""
        links = {
            self._key(key): ended
            for key, ended in (self._links | self._ledger.take_relinked()).items()
        }
        self._links = {}
        absent = [key for key in links if key not in kept and self._writes.waiting(key) is None]
        read = await self._log.documents.get_many(absent) if absent else []
        kept = {**kept, **dict(zip(absent, read, strict=True))}
        for key, ended in links.items():
            waiting, found = self._writes.waiting(key), kept.get(key)
            body = waiting if waiting is not None else found.body if found else None
            if body is None:
                raise Distrusted(f"{key} is gone")
            told = {"rolled_from": ended.rolled_from, "rolled_to": ended.rolled_to}
            if waiting is not None:
                self._writes.change(key, {**body, **told})
            else:
                self._writes.put(key, found, {**body, **told})

    async def _remove_later_places(self) -> None:
        """Remove checkpoints behind the end of the log, which has become shorter."""
        last, log = self._place.number, self._log
        if self._plan.trusted:
            keys = [log.key(number) for number in range(last + 1, self._plan.segments + 1)]
            for key, one in zip(keys, await log.documents.get_many(keys), strict=True):
                self._count_no_more(key, one, expected=True)
                if one is not None:
                    self._writes.delete(one)
            return
        where = {"account_key": log.account_key, "root": log.root}
        query = Query("checkpoints", (log.user_id,), where=where, order_by="until_us")
        async for one in every(log.documents, query):
            if one.body["number"] > last and one.key != log.key(0):
                self._writes.delete(one)

    def _key(self, key: RowKey) -> Key:
        return trip_key(*self._log.owner, self._log.root, key)
