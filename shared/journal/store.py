"""Store one page of observed rows: idempotent, corrections kept, with a receipt that adds up.

A page (at most 200 rows) is one atomic batch that holds its receipt too. So a crash leaves either
nothing or everything of it, and the counts of the first delivery stand, exactly.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from shared.domain.ids import AccountKey, UserId
from shared.domain.messages import ExecutionsObserved, JournalChanged
from shared.domain.time import from_micros, to_micros
from shared.journal.runs import close_if_complete
from shared.journal.storing.log import Outcome, Sighting, merge, sightings
from shared.journal.storing.quarantine import unread_body, unread_key
from shared.journal.storing.take_back import receipt_key, take_back
from shared.journal.tombstones import is_deleted, tombstone_keys
from shared.ports import (
    Body,
    Clock,
    Create,
    Document,
    Documents,
    Entropy,
    Key,
    MessageBus,
    Outgoing,
    Query,
    Update,
    Write,
)
from shared.retry import compare_and_set

_UNSETTLED = ("fetching", "fetched", "abandoned")  # states of a run whose pages may still come


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a page: rows = new + same + revised + superseded; unread = quarantined.

    Shape: `roots` and `changed_from_us` (None = nothing) are what the projections must follow;
    `dropped` tells that the account or its user was deleted and nothing was written.
    """

    new: int = 0
    same: int = 0
    revised: int = 0
    superseded: int = 0
    quarantined: int = 0
    roots: tuple[str, ...] = ()
    changed_from_us: int | None = None
    dropped: bool = False


@dataclass(slots=True)
class _Page:
    """The page's rows merged so far, in order; nothing is written yet."""

    heads: dict[Key, Document | None]
    now: dict[Key, Body] = field(default_factory=dict)
    past: dict[Key, Body] = field(default_factory=dict)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    roots: set[str] = field(default_factory=set)
    instants: list[int] = field(default_factory=list)

    def take(self, key: Key, seen: Sighting, unsettled_run: int) -> None:
        found = self.heads[key]
        before = self.now.get(key, found.body if found else None)
        merged = merge(before, seen, unsettled_run=unsettled_run)
        self.outcomes[merged.outcome] += 1
        if merged.head is not before:
            self.now[key] = merged.head
        if merged.past is not None:
            self.past[Key("history", (*key.path, merged.past["observation"]))] = merged.past
        if merged.outcome in (Outcome.NEW, Outcome.REVISED):
            for body in (before, merged.head):  # a correction may move a row to another root
                if body is not None:
                    self.roots.add(body["root"])
                    self.instants.append(body["at_us"])

    def writes(self) -> list[Write]:
        writes: list[Write] = [Create(key, body) for key, body in self.past.items()]
        for key, body in self.now.items():
            found = self.heads[key]
            writes.append(Update(key, body, found.version) if found else Create(key, body))
        return writes

    def receipt(self, quarantined: int) -> Receipt:
        return Receipt(
            new=self.outcomes[Outcome.NEW],
            same=self.outcomes[Outcome.SAME],
            revised=self.outcomes[Outcome.REVISED],
            superseded=self.outcomes[Outcome.SUPERSEDED],
            quarantined=quarantined,
            roots=tuple(sorted(self.roots)),
            changed_from_us=min(self.instants, default=None),
        )


class StoreExecutions:
    """The consumer of ExecutionsObserved."""

    def __init__(
        self, documents: Documents, bus: MessageBus, clock: Clock, entropy: Entropy
    ) -> None:
        self._documents = documents
        self._bus = bus
        self._clock = clock
        self._entropy = entropy

    async def store(self, message: ExecutionsObserved) -> Receipt:
        """Store the page, publish what changed, and close its run when it was the last.

        Idempotent: a page delivered again changes nothing, gives its first receipt, and publishes
        and closes again, in case that a crash came in between.
        Raises: StoreUnavailable.
        """
        receipt = await compare_and_set(
            self._clock, self._entropy, lambda: self._commit_page(message)
        )
        if receipt.dropped or await self._was_deleted_meanwhile(message):
            await take_back(self._documents, self._clock, self._entropy, message)
            return Receipt(dropped=True)
        if receipt.changed_from_us is not None:
            await self._publish_change(message, receipt.roots, receipt.changed_from_us)
        await self._close_run(message.user_id, message.account_key, message.run)
        return receipt

    async def _was_deleted_meanwhile(self, message: ExecutionsObserved) -> bool:
        """Look again: an erasure may have begun and ended between the page's read and commit."""
        stones = tombstone_keys(message.user_id, message.account_key)
        user, account = await self._documents.get_many(stones)
        return is_deleted(user, account, message.run)

    async def _commit_page(self, message: ExecutionsObserved) -> Receipt:
        unread = {unread_key(message, row): row for row in message.unread}
        keys = [Key("executions", (message.user_id, one.key)) for one in message.rows]
        rows = list(dict.fromkeys(keys))
        stones = tombstone_keys(message.user_id, message.account_key)
        receipt_at = receipt_key(message)
        found = await self._documents.get_many([*stones, receipt_at, *rows, *unread])
        if is_deleted(found[0], found[1], message.run):
            return Receipt(dropped=True)
        if found[2] is not None:
            return _read_receipt(found[2].body)
        page = _Page(dict(zip(rows, found[3:], strict=False)))
        unsettled_run = await self._unsettled_run(message, page.heads)
        for key, one in zip(keys, sightings(message), strict=True):
            page.take(key, one, unsettled_run)
        first_seen = [
            Create(key, unread_body(message, row))
            for (key, row), kept in zip(unread.items(), found[3 + len(rows) :], strict=True)
            if kept is None
        ]
        receipt = page.receipt(quarantined=len(message.unread))
        written = Create(receipt_at, self._receipt_body(message, receipt))
        await self._documents.commit([*page.writes(), *first_seen, written])
        return receipt

    async def _unsettled_run(
        self, message: ExecutionsObserved, heads: dict[Key, Document | None]
    ) -> int:
        """Find the newest run, up to the page's own, of which pages below it may still come."""
        if message.page > 0 or not any(heads.values()):
            return message.run
        newest = [self._newest_run(message, state) for state in _UNSETTLED]
        return max(await asyncio.gather(*newest))

    async def _newest_run(self, message: ExecutionsObserved, state: str) -> int:
        page = await self._documents.scan(
            Query(
                "runs",
                (message.user_id,),
                where={"account_key": message.account_key, "state": state},
                order_by="run",
                below=message.run,
                descending=True,
                limit=1,
            )
        )
        return max((document.body["run"] for document in page.documents), default=0)

    async def _publish_change(
        self, message: ExecutionsObserved, roots: Sequence[str], changed_from_us: int
    ) -> None:
        changed = JournalChanged(
            user_id=message.user_id,
            account_key=message.account_key,
            roots=tuple(roots),
            changed_from=from_micros(changed_from_us),
            run=message.run,
            page=message.page,
        )
        await self._bus.publish([Outgoing(JournalChanged.topic, changed.encode())])

    async def _close_run(self, user_id: UserId, account_key: AccountKey, run: int) -> None:
        await close_if_complete(
            self._documents, self._clock, self._entropy, user_id, account_key, run
        )

    def _receipt_body(self, message: ExecutionsObserved, receipt: Receipt) -> dict[str, Any]:
        counts = {**asdict(receipt), "roots": list(receipt.roots)}
        del counts["dropped"]
        return {
            **counts,
            "account_key": message.account_key,
            "run": message.run,
            "page": message.page,
            "rows": len(message.rows),
            "unread": len(message.unread),
            "at_us": to_micros(self._clock.now()),
        }


def _read_receipt(body: Body) -> Receipt:
    counts = {outcome.value: body[outcome.value] for outcome in Outcome}
    return Receipt(
        **counts,
        quarantined=body["quarantined"],
        roots=tuple(body["roots"]),
        changed_from_us=body["changed_from_us"],
    )
