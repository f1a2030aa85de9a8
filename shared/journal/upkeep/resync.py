"""A range of days read again: what the broker says now, beside what the log says."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.brokers.engine.client import BrokerClient
from shared.brokers.spec import BrokerAccount, BrokerSpec, Window
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    InvalidInput,
    NotFound,
)
from shared.domain.ids import AccountKey, ConnectionId, UserId
from shared.domain.sync.connection import Connection, ConnectionState
from shared.domain.time import as_utc, from_micros
from shared.journal.accounts import Account, read_account
from shared.journal.connect.connections import Connections
from shared.journal.coverage import day_start
from shared.journal.runs import Runs, close_if_complete
from shared.journal.sync import SyncConnection, lease_name
from shared.journal.upkeep.difference import ComparingBus, Difference
from shared.journal.visits.fetch import HistoryReader
from shared.journal.visits.meter import Meter
from shared.journal.visits.publisher import PagePublisher
from shared.journal.visits.visit import list_accounts
from shared.lease import Held, Leases
from shared.ports import Document, Documents

_MARGIN_S = 60.0
_DAY = timedelta(days=1)
_RESTING = (ConnectionState.NEEDS_REAUTH, ConnectionState.PAUSED)


@dataclass(frozen=True, slots=True)
class Resynced:
    """What a range came to.

    Shape: `since` and `until` bound what was read, which the broker's history may cut short;
    `runs` are the numbers under which it was published; `unread` rows went to quarantine.
    """

    since: datetime
    until: datetime
    runs: tuple[int, ...]
    unread: int
    difference: Difference


@dataclass(frozen=True, slots=True)
class _Part:
    until: datetime
    run: int
    unread: int
    ends: bool  # the broker has booked no further yet


@dataclass(frozen=True, slots=True)
class Resync:
    """The use case; `syncing` gives the engine of a broker by its name."""

    documents: Documents
    syncing: Callable[[str], SyncConnection]

    async def resync(
        self, user_id: UserId, account_key: AccountKey, first: date, last: date
    ) -> Resynced:
        """Publish the days from `first` to `last` again under runs of their own.

        The cursor stays; days that are read whole become complete as soon as their rows are stored.
        Idempotent: rows have content keys, so a second reading differs in nothing.
        Raises: InvalidInput for days that the broker cannot give, NotFound, AuthRejected and the
        other refusals, LeaseHeld while a sync is under way, RateLimited, UpstreamUnavailable,
        StoreUnavailable.
        """
        document = await read_account(self.documents, user_id, account_key)
        syncing = self.syncing(document.body["broker"])
        spec, limit = syncing.spec, _history_limit(document) or syncing.spec.history_limit
        asked = _window(spec, limit, (first, last), syncing.clock.now())
        connection = await _usable_connection(syncing, user_id, document)
        bus = ComparingBus(syncing.documents, syncing.spec.zone, syncing.bus)
        reading = _Reading(replace(syncing, bus=bus), connection, document)
        rest, parts = asked, list[_Part]()
        while rest.since < asked.until:
            part = await reading.read(rest)
            parts.append(part)
            rest = Window(part.until, asked.until)
            if part.ends:
                break
        return Resynced(
            asked.since,
            parts[-1].until,
            tuple(part.run for part in parts),
            sum(part.unread for part in parts),
            bus.difference(document.body["account_id"]),
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """As much of a range as one time budget allows, under one lease and one run."""

    syncing: SyncConnection
    connection: Connection
    document: Document

    async def read(self, asked: Window) -> _Part:
        ports = self.syncing
        leases = Leases(ports.documents, ports.clock, ports.entropy)
        name = lease_name(self.connection.user_id, self.connection.connection_id)
        held = await leases.acquire(name, ports.budget_s + _MARGIN_S)
        try:
            async with ports.logged_in(self.connection, held) as (client, _):
                found = await _find_account(client, self.document.body["account_id"])
                return await self._publish(client, found, asked, leases, held)
        except AuthRejected as error:
            connections = Connections(ports.documents, ports.clock, ports.entropy, ports.vault)
            await connections.note_health(self.connection, ConnectionState.NEEDS_REAUTH, str(error))
            raise
        finally:
            await leases.release(held)

    async def _publish(
        self,
        client: BrokerClient,
        found: BrokerAccount,
        asked: Window,
        leases: Leases,
        held: Held,
    ) -> _Part:
        ports, zone = self.syncing, self.syncing.spec.zone
        account = _account(self.connection, self.document)
        runs = Runs(ports.documents, ports.clock, ports.entropy)
        run = await runs.open(account, self.connection.connection_id, asked, held.fence, zone)
        publisher = PagePublisher(ports.bus, ports.clock, self.connection, account, run)
        meter = Meter(client)
        try:
            reached = await HistoryReader(client, publisher, found).read(asked)
            until = reached.until
            if reached.cut:  # the day that was cut is read again whole
                until = max(day_start(until, zone), asked.since)
            if reached.cut and until <= asked.since:
                raise ContractBroken(f"{client.spec.title}: the budget ended before a whole day")
            await leases.assert_current(held)
        except DaybiasError as error:
            await runs.fail(account, run, str(error), publisher.fetched(asked, meter.cost()))
            raise
        await runs.finish(
            account,
            run,
            publisher.fetched(Window(asked.since, until), meter.cost(), cut=reached.cut),
        )
        await close_if_complete(
            ports.documents, ports.clock, ports.entropy, account.user_id, account.key, run
        )
        return _Part(until, run, publisher.unread, ends=not reached.cut)


def _history_limit(document: Document) -> timedelta | None:
    """Tell how far back the broker answered for the account when it was first seen."""
    beyond_us, seen_us = (document.body[name] for name in ("beyond_before_us", "first_seen_us"))
    return None if beyond_us is None else from_micros(seen_us) - from_micros(beyond_us)


def _window(
    spec: BrokerSpec, limit: timedelta | None, days: tuple[date, date], now: datetime
) -> Window:
    """Bound whole days by what the broker still has, and by now."""
    first, last = days
    if last < first:
        raise InvalidInput(f"the last day {last} is before the first, {first}")
    since, until = _midnight(first, spec.zone), min(_midnight(last + _DAY, spec.zone), now)
    if limit is not None:
        since = max(since, now - limit)
    if since >= until:
        reach = "" if limit is None else f" {spec.title} goes back {limit.days} days."
        raise InvalidInput(f"nothing can be read from {first} to {last}.{reach}")
    return Window(since, until)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return as_utc(datetime.combine(day, time(), zone))


async def _usable_connection(
    syncing: SyncConnection, user_id: UserId, document: Document
) -> Connection:
    """Choose a connection that reaches the account and may be used now."""
    connections = Connections(syncing.documents, syncing.clock, syncing.entropy, syncing.vault)
    reasons = []
    for connection_id in document.body["connection_ids"]:
        found = await connections.get(user_id, ConnectionId(connection_id))
        if found.health.state not in _RESTING:
            return found
        reasons.append(f"{found.label} is {found.health.state.value}")
    raise InvalidInput("; ".join(reasons) or "no connection reaches this account any more")


async def _find_account(client: BrokerClient, account_id: str) -> BrokerAccount:
    endpoint, listed = client.spec.accounts, await list_accounts(client)
    found = next((one for one in listed if one.account_id == account_id), None)
    if found is None:
        raise NotFound(f"{client.spec.title} lists the account no more")
    if endpoint.detail is None:
        return found
    return endpoint.detail.read(await client.ask(endpoint.detail.request(found)), found)


def _account(connection: Connection, document: Document) -> Account:
    account_id = document.body["account_id"]
    key = AccountKey(document.key.id)
    return Account(connection.user_id, key, account_id, connection.environment, cursor=None)
