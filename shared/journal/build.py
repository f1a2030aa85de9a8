"""Build the projections of an account's changed roots: a pure function of the log, written down.

The position document of a root is its gate: every batch for the root carries a compare-and-set on
it. It is read before the log, so whoever commits has read a log at least as new as the one behind
what is there; whoever was overtaken loses the compare-and-set and starts again. Builds of one
account take turns within a process, so that pages that arrive together are built together.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

from shared.domain.errors import VersionChanged
from shared.domain.ids import AccountKey, UserId, content_hash
from shared.domain.journal.book import Book, build_book
from shared.domain.journal.ledger import Basis
from shared.domain.messages import JournalChanged
from shared.journal.log import NO_ROOT, LogEntry
from shared.journal.projection.basis import read_basis
from shared.journal.projection.documents import (
    day_writes,
    gate_body,
    gate_key,
    read_days,
    read_log,
    read_trips,
    trip_writes,
)
from shared.journal.projection.marks import includes, mark_key, mark_writes, stored_pages
from shared.journal.tombstones import is_deleted_user
from shared.ports import Clock, Create, Document, Documents, Entropy, Key, Update, Write
from shared.retry import compare_and_set

PROJECTION = 2  # raise it when the same log must give other bytes: everything is then rebuilt
_BATCH = 400  # below the stores' 450: the gate is in every batch


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: roots looked at, those whose projections it wrote, documents written."""

    roots: int = 0
    rebuilt: int = 0
    writes: int = 0


class BuildJournal:
    """The consumer of JournalChanged."""

    def __init__(self, documents: Documents, clock: Clock, entropy: Entropy) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def build(self, message: JournalChanged) -> BuildReport:
        """Bring the projections of the named roots up to their log.

        Idempotent: a root whose projections show its log already is not written.
        Raises: StoreUnavailable.
        """
        report = BuildReport()
        turn = self._turns.setdefault(f"{message.user_id}/{message.account_key}", asyncio.Lock())
        async with turn:
            for root in message.roots or (NO_ROOT,):
                job = _RootBuild(self._documents, message, root)
                written = await compare_and_set(self._clock, self._entropy, job.attempt)
                report = BuildReport(
                    report.roots + 1, report.rebuilt + (written > 0), report.writes + written
                )
        return report


class _RootBuild:
    """One root's build; `attempt` reads everything anew."""

    def __init__(self, documents: Documents, message: JournalChanged, root: str) -> None:
        self._documents = documents
        self._message = message
        self._user_id: UserId = message.user_id
        self._account_key: AccountKey = message.account_key
        self._root = root
        self._key = gate_key(message.user_id, message.account_key, root)

    async def attempt(self) -> int:
        user_key = Key("users", (self._user_id,))
        account_key = Key("accounts", (self._user_id, self._account_key))
        user, account, gate, noted = await self._documents.get_many(
            [user_key, account_key, self._key, mark_key(self._key)]
        )
        if is_deleted_user(user) or includes(noted, self._message):
            return 0
        mark = await stored_pages(self._documents, noted, self._message)
        owner = (self._user_id, self._account_key)
        basis = await read_basis(self._documents, *owner, self._root, account)
        log = await read_log(self._documents, *owner, self._root)
        if gate is None and not log and not basis.opening:
            return 0  # a deleted account leaves no trace here
        version = _log_version(log, basis)
        if gate is not None and gate.body["log_version"] == version:
            if marked := mark_writes(self._key, noted, mark):
                await self._documents.commit(marked)
            return 0
        book = build_book(self._root, [(entry.key, entry.row) for entry in log], basis)
        writes = await self._writes(book)
        body = gate_body(self._account_key, self._root, book, version)
        await self._commit(gate, body, [*writes, *mark_writes(self._key, noted, mark)])
        return len(writes) + 1

    async def _writes(self, book: Book) -> list[Write]:
        owner = (self._user_id, self._account_key)
        trips = await read_trips(self._documents, *owner, self._root)
        days = await read_days(self._documents, *owner)
        return [
            *trip_writes(*owner, book, trips),
            *day_writes(*owner, self._root, book, days),
        ]

    async def _commit(
        self, gate: Document | None, body: dict[str, Any], writes: Sequence[Write]
    ) -> None:
        last = max(0, (len(writes) - 1) // _BATCH * _BATCH)
        for start in range(0, last, _BATCH):
            # no log has this version: a reader sees a build under way, a builder does not skip it
            under_way = {**body, "log_version": f"building:{start}:{body['log_version']}"}
            await self._documents.commit(
                [_put(self._key, gate, under_way), *writes[start : start + _BATCH]]
            )
            (gate,) = await self._documents.get_many([self._key])
            if gate is None or dict(gate.body) != under_way:
                raise VersionChanged(f"another builder took over {self._key}")
        await self._documents.commit([_put(self._key, gate, body), *writes[last:]])


def _put(key: Key, found: Document | None, body: dict[str, Any]) -> Write:
    return Create(key, body) if found is None else Update(key, body, found.version)


def _log_version(log: Sequence[LogEntry], basis: Basis) -> str:
    told = [PROJECTION, basis.method, [lot.model_dump(mode="json") for lot in basis.in_order]]
    return content_hash([told, *(f"{entry.key}:{entry.hash}" for entry in log)])
