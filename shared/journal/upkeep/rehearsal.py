"""A sync without consequences: the engine itself, whose rows and cursors end in a scratch pad."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.domain.messages import SyncRequested
from shared.domain.sync.connection import Connection
from shared.journal.sync import SyncConnection
from shared.journal.upkeep.difference import ComparingBus, Difference
from shared.journal.visits.visit import SyncReport
from shared.ports import Delete, Document, Documents, Key, Page, Query, Write

# A login that was renewed is used up, leases and limits must be seen by others: these are real.
_REAL = frozenset({"connections", "leases", "breakers", "budgets"})


@dataclass(slots=True)
class ScratchDocuments:
    """A store whose writes stay here, but for logins, leases, breakers and limits.

    Shape: scans show what is really stored, not what was written here; the engine reads its own
    writes by key.
    """

    real: Documents
    _written: dict[Key, Document | None] = field(default_factory=dict)

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        """Read what was written here, else what is stored.

        Raises: StoreUnavailable.
        """
        stored = [key for key in keys if key not in self._written]
        found = dict(zip(stored, await self.real.get_many(stored), strict=True))
        return [self._written[key] if key in self._written else found[key] for key in keys]

    async def commit(self, writes: Sequence[Write]) -> None:
        """Keep the writes, and apply those that must be real.

        Raises: StoreUnavailable, VersionChanged.
        """
        real = [write for write in writes if write.key.collection in _REAL]
        if real:
            await self.real.commit(real)
        for number, write in enumerate(writes, len(self._written)):
            if write.key.collection in _REAL:
                continue
            if isinstance(write, Delete):
                self._written[write.key] = None
            else:
                self._written[write.key] = Document(write.key, write.body, f"scratch-{number}")

    async def scan(self, query: Query) -> Page:
        """Scan what is stored.

        Raises: StoreUnavailable.
        """
        return await self.real.scan(query)

    async def close(self) -> None:
        """Leave the store behind it open: it is its owner's."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a sync of one account would bring; `unread` rows would go to quarantine."""

    account_id: str
    rows: int
    unread: int
    ignored: int
    difference: Difference


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a sync of a connection would do; `reason` says why it did not come to its end."""

    label: str
    accounts: tuple[Rehearsed, ...]
    reason: str


async def rehearse(syncing: SyncConnection, connection: Connection) -> Rehearsal:
    """Fetch and parse what is due to come, and publish, store and move nothing.

    A login that runs out is renewed, and how the connection is stays written down.
    Raises: LeaseHeld, RateLimited, UpstreamUnavailable, StoreUnavailable, NotFound.
    """
    bus = ComparingBus(syncing.documents, syncing.spec.zone)
    trial = replace(syncing, documents=ScratchDocuments(syncing.documents), bus=bus)
    request = SyncRequested(
        user_id=connection.user_id,
        connection_id=connection.connection_id,
        broker=connection.broker,
        reason="manual",
        requested_at=syncing.clock.now(),
    )
    reports = [await trial.run(request)]
    while bus.held:  # the time was over: go on as the next message would
        reports.append(await trial.run(SyncRequested.decode(bus.held.pop().data)))
    reason = "; ".join(dict.fromkeys(report.reason for report in reports if report.reason))
    return Rehearsal(connection.label, _accounts(reports, bus), reason)


def _accounts(reports: Sequence[SyncReport], bus: ComparingBus) -> tuple[Rehearsed, ...]:
    done = [account for report in reports for account in report.accounts]
    return tuple(
        Rehearsed(
            account_id=account_id,
            rows=len(bus.seen[account_id]),
            unread=sum(one.unread for one in done if one.account_id == account_id),
            ignored=sum(one.ignored for one in done if one.account_id == account_id),
            difference=bus.difference(account_id),
        )
        for account_id in dict.fromkeys(one.account_id for one in done)
    )
