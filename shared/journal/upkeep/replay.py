"""Unread rows once more: today's parser over the raw rows in quarantine.

A replayed row is published under a run of its own, so it must not go over what was read later: rows
that the log has from the same run on are left as they are, and nothing is replayed while a sync of
the account is under way. The days of replayed rows count them as unread until they are read again.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.brokers.engine.saved import history_of
from shared.brokers.spec import BrokerAccount, BrokerSpec, Ignored, Window
from shared.domain.errors import DaybiasError, InvalidInput, LeaseHeld, NotFound, UnparseableRow
from shared.domain.ids import AccountKey, ConnectionId, UserId
from shared.domain.messages import MAX_PAGE_ROWS, ExecutionsObserved, ObservedRow
from shared.domain.money import loads_exact
from shared.domain.row_body import occurred_at
from shared.domain.time import to_micros
from shared.journal.accounts import Account, read_account
from shared.journal.runs import Runs, RunState, close_if_complete
from shared.journal.storing.log import run_of
from shared.journal.sync import lease_name
from shared.journal.tombstones import is_deleted
from shared.journal.visits.fetched import Fetched
from shared.journal.visits.reading import observe
from shared.lease import Leases
from shared.ports import (
    Body,
    Clock,
    Document,
    Documents,
    Entropy,
    Key,
    MessageBus,
    Outgoing,
    Query,
    Update,
)
from shared.scanning import every

_LEASE_S = 300.0
_NOTE = {"order_id", "found", "of"}  # fields of the note that an order does not add up


class Fate(StrEnum):
    """What became of an entry."""

    READ = "read"
    KNOWN = "known"
    IGNORED = "ignored"
    ERASED = "erased"
    UNREAD = "unread"

    @property
    def resolves(self) -> bool:
        """Tell whether nothing is left to do for the entry."""
        return self is not Fate.UNREAD


@dataclass(frozen=True, slots=True)
class Replayed:
    """One entry after its replay; `rows` are those that go to the log now."""

    entry_id: str
    fate: Fate
    reason: str
    rows: tuple[ObservedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Replay:
    """The use case; `specs` are the brokers by name."""

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy
    specs: Mapping[str, BrokerSpec]

    async def replay(self, user_id: UserId, entry_id: str | None = None) -> list[Replayed]:
        """Parse one entry again, or all open ones, and publish the rows that can be read now.

        Idempotent: a resolved entry stays so; a replay that was cut short finds its rows known.
        Raises: NotFound, LeaseHeld while a sync of the account is under way, StoreUnavailable.
        """
        accounts: defaultdict[AccountKey, list[Document]] = defaultdict(list)
        for entry in await self._entries(user_id, entry_id):
            accounts[entry.body["account_key"]].append(entry)
        done: list[Replayed] = []
        for account_key, entries in accounts.items():
            # in the order of their sightings, so that the newest is the newest again
            entries.sort(key=lambda entry: (entry.body["run"], entry.body["page"]))
            done += await self._replay_account(user_id, account_key, entries)
        return done

    async def _entries(self, user_id: UserId, entry_id: str | None) -> list[Document]:
        if entry_id is None:
            query = Query("quarantine", (user_id,), order_by="at_us")
            found = [document async for document in every(self.documents, query)]
        else:
            found = [await read_unread(self.documents, user_id, entry_id)]
        return [document for document in found if document.body["state"] == "open"]

    async def _replay_account(
        self, user_id: UserId, account_key: AccountKey, entries: Sequence[Document]
    ) -> list[Replayed]:
        account = await read_account(self.documents, user_id, account_key)
        async with self._held(user_id, account) as fence:
            await self._assert_settled(user_id, account_key)
            done = [await self._read(account, entry) for entry in entries]
            rows = [row for one in done for row in one.rows]
            run = await self._publish(user_id, account, entries[0], rows, fence) if rows else 0
            await self._note(entries, done, run)
        return done

    @asynccontextmanager
    async def _held(self, user_id: UserId, account: Document) -> AsyncIterator[int]:
        """Keep every sync of the account away."""
        leases = Leases(self.documents, self.clock, self.entropy)
        async with AsyncExitStack() as stack:
            fence = 0
            for connection_id in sorted(account.body["connection_ids"]):
                name = lease_name(user_id, ConnectionId(connection_id))
                held = await leases.acquire(name, _LEASE_S)
                stack.push_async_callback(leases.release, held)
                fence = held.fence
            yield fence

    async def _assert_settled(self, user_id: UserId, account_key: AccountKey) -> None:
        for state in (RunState.FETCHING, RunState.FETCHED):
            where = {"account_key": account_key, "state": state.value}
            query = Query("runs", (user_id,), where, order_by="run", limit=1)
            for run in (await self.documents.scan(query)).documents:
                raise LeaseHeld(f"run {run.body['run']} is not stored yet; sync first, then replay")

    async def _read(self, account: Document, entry: Document) -> Replayed:
        try:
            rows = self._parse(account.body, entry.body)
        except UnparseableRow as error:
            return Replayed(entry.key.id, Fate.UNREAD, str(error))
        if isinstance(rows, Ignored):
            return Replayed(entry.key.id, Fate.IGNORED, rows.reason)
        user_id, _ = entry.key.path
        (user,) = await self.documents.get_many([Key("users", (user_id,))])
        if is_deleted(user, account, entry.body["run"]):
            return Replayed(entry.key.id, Fate.ERASED, "its account was deleted")
        unknown = await self._not_read_since(UserId(user_id), rows, entry.body["run"])
        if not unknown:
            return Replayed(entry.key.id, Fate.KNOWN, "it has been read since")
        return Replayed(entry.key.id, Fate.READ, "", tuple(unknown))

    def _parse(self, account: Body, entry: Body) -> list[ObservedRow] | Ignored:
        raw = loads_exact(entry["raw"])
        if isinstance(raw, dict) and set(raw) == _NOTE:
            raise UnparseableRow(entry["reason"])  # no row: fills that the broker left out
        spec = self.specs.get(entry["broker"])
        if spec is None:
            raise UnparseableRow(f"no broker {entry['broker']!r} is known any more")
        try:
            endpoint = history_of(spec, entry["endpoint"])
        except InvalidInput as error:
            raise UnparseableRow(str(error)) from error
        account_id = account["account_id"]
        owner = BrokerAccount(account_id, account["account_number"], account["currency"])
        place = (entry["broker"], entry["environment"], account_id)
        return observe(endpoint, raw, owner, place, self.clock.now())

    async def _not_read_since(
        self, user_id: UserId, rows: Sequence[ObservedRow], run: int
    ) -> list[ObservedRow]:
        keys = [Key("executions", (user_id, row.key)) for row in rows]
        heads = await self.documents.get_many(keys)
        return [
            row
            for row, head in zip(rows, heads, strict=True)
            if head is None or run_of(head.body) < run
        ]

    async def _publish(
        self,
        user_id: UserId,
        account: Document,
        entry: Document,
        rows: Sequence[ObservedRow],
        fence: int,
    ) -> int:
        """Publish under a run without a stretch: should it get lost, it is read again from there.

        A run of one instant makes no day complete.
        """
        at = min(occurred_at(row.row) for row in rows)
        runs, window = Runs(self.documents, self.clock, self.entropy), Window(at, at)
        body, connection_id = account.body, entry.body["connection_id"]
        key = AccountKey(account.key.id)
        owner = Account(user_id, key, body["account_id"], body["environment"], cursor=None)
        zone = self.specs[entry.body["broker"]].zone
        run = await runs.open(owner, connection_id, window, fence, zone)
        pages = _pages(user_id, account, entry, rows, run, self.clock.now())
        fetched = Fetched(window, len(pages), len(rows), 0, {}, {})
        try:
            await self.bus.publish([Outgoing(page.topic, page.encode()) for page in pages])
        except DaybiasError as error:
            await runs.fail(owner, run, str(error), fetched)
            raise
        await runs.finish(owner, run, fetched)
        await close_if_complete(self.documents, self.clock, self.entropy, user_id, key, run)
        return run

    async def _note(self, entries: Sequence[Document], done: Sequence[Replayed], run: int) -> None:
        now_us = to_micros(self.clock.now())
        for entry, one in zip(entries, done, strict=True):
            news = {"tried_us": now_us, "reason": one.reason or entry.body["reason"]}
            if one.fate.resolves:
                resolved = {"state": "resolved", "fate": one.fate.value, "resolved_run": run}
                news = {**resolved, "tried_us": now_us, "reason": entry.body["reason"]}
            await self.documents.commit([Update(entry.key, {**entry.body, **news}, entry.version)])


async def read_unread(documents: Documents, user_id: UserId, entry_id: str) -> Document:
    """Read one entry of the quarantine.

    Raises: NotFound, StoreUnavailable.
    """
    (found,) = await documents.get_many([Key("quarantine", (user_id, entry_id))])
    if found is None:
        raise NotFound(f"there is no quarantined row {entry_id!r}")
    return found


def _pages(  # noqa: PLR0913, PLR0917 - what a page is made of
    user_id: UserId,
    account: Document,
    entry: Document,
    rows: Sequence[ObservedRow],
    run: int,
    at: datetime,
) -> list[ExecutionsObserved]:
    return [
        ExecutionsObserved(
            user_id=user_id,
            connection_id=entry.body["connection_id"],
            broker=entry.body["broker"],
            environment=entry.body["environment"],
            account_id=account.body["account_id"],
            account_key=AccountKey(account.key.id),
            run=run,
            page=page,
            observed_at=at,
            rows=tuple(rows[begin : begin + MAX_PAGE_ROWS]),
        )
        for page, begin in enumerate(range(0, len(rows), MAX_PAGE_ROWS))
    ]
