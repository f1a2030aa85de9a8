"""Sync of one connection: lease, run, pages, cursor, in an order in which a crash loses nothing."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

import httpx

from shared.brokers.client import BrokerClient, open_session
from shared.brokers.spec import BrokerAccount, BrokerSpec, HeldPosition, Window
from shared.domain.connection import Connection, ConnectionState
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    InvalidInput,
    LeaseHeld,
    PermanentError,
    RateLimited,
    RetryableError,
)
from shared.domain.messages import SyncRequested
from shared.domain.money import decimal_text
from shared.domain.time import to_micros
from shared.journal.accounts import Account, Accounts
from shared.journal.connections import Connections
from shared.journal.coverage import day_start
from shared.journal.fetch import HistoryReader, PagePublisher
from shared.journal.runs import Fetched, Runs, close_if_complete
from shared.journal.tick import PERIOD
from shared.journal.vault import Vault
from shared.lease import Held, Leases
from shared.ports import Clock, Create, Documents, Entropy, Key, MessageBus, Outgoing

_log = logging.getLogger(__name__)

_LEASE_MARGIN_S = 60.0  # for what comes after the budget: the last page, the cursor, the release
_AGREEMENTS = 3  # how often positions are read until no fill came in between
_TAIL = timedelta(minutes=5)


class Outcome(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"
    CONTINUED = "continued"
    NEEDS_REAUTH = "needs_reauth"
    FAILED = "failed"
    RESTING = "resting"


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one run did.

    Units: `waited_s` seconds spent on rate limits and retries.
    """

    outcome: Outcome
    run: int = 0
    pages: int = 0
    rows: int = 0
    unread: int = 0
    requests: int = 0
    waited_s: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SyncConnection:
    """The use case of every broker's function.

    Shape: `hosts` maps "<broker>:<environment>" to a base URL that stands in for the spec's own.
    Units: `budget_s` seconds after which the rest is left to the next message.
    """

    documents: Documents
    bus: MessageBus
    clock: Clock
    entropy: Entropy
    vault: Vault
    spec: BrokerSpec
    transport: httpx.AsyncBaseTransport
    hosts: Mapping[str, str]
    budget_s: float

    async def run(self, request: SyncRequested) -> SyncReport:
        """Publish what the broker booked since the cursor, then move the cursor.

        Idempotent: windows overlap and rows have content keys; a run that fails moves nothing.
        What the broker refuses for good is written to the connection's health, not raised.
        Raises: LeaseHeld, RateLimited, UpstreamUnavailable, StoreUnavailable (deliver again);
        InvalidInput for another broker's request, NotFound when the connection is gone.
        """
        if request.broker != self.spec.name:
            raise InvalidInput(
                f"a request for {request.broker!r} came to {self.spec.name}",
                expected=(self.spec.name,),
            )
        leases = Leases(self.documents, self.clock, self.entropy)
        name = f"sync:{request.user_id}:{request.connection_id}"
        held = await leases.acquire(name, self.budget_s + _LEASE_MARGIN_S)
        try:
            report = await self._run_with_health(request, leases, held)
        finally:
            await leases.release(held)
        _log.info(
            "sync.done",
            extra={
                "broker": self.spec.name,
                "connection_id": request.connection_id,
                "run_id": report.run,
                "outcome": report.outcome.value,
                "pages": report.pages,
                "rows": report.rows,
                "unread": report.unread,
                "requests": report.requests,
                "waited_s": report.waited_s,
            },
        )
        return report

    async def _run_with_health(
        self, request: SyncRequested, leases: Leases, held: Held
    ) -> SyncReport:
        connections = Connections(self.documents, self.clock, self.entropy, self.vault)
        connection = await connections.get(request.user_id, request.connection_id)
        state = connection.health.state
        if state in (ConnectionState.NEEDS_REAUTH, ConnectionState.PAUSED):
            return SyncReport(Outcome.RESTING, reason=f"the connection is {state.value}")
        try:
            report = await self._ask(connection, request, leases, held)
        except LeaseHeld:
            raise  # another worker has it: nothing is wrong with the connection
        except AuthRejected as error:
            await connections.note_health(connection, ConnectionState.NEEDS_REAUTH, str(error))
            return SyncReport(Outcome.NEEDS_REAUTH, reason=str(error))
        except PermanentError as error:
            _log.exception("sync.failed", extra={"connection_id": connection.connection_id})
            await self._note_trouble(connections, connection, error)
            return SyncReport(Outcome.FAILED, reason=str(error))
        except RetryableError as error:
            await self._note_trouble(connections, connection, error)
            raise
        await connections.note_health(connection, ConnectionState.ACTIVE)
        return report

    async def _note_trouble(
        self, connections: Connections, connection: Connection, error: DaybiasError
    ) -> None:
        state, wait = ConnectionState.FAILED, PERIOD
        if isinstance(error, RateLimited):
            state = ConnectionState.THROTTLED
            if error.retry_after_s is not None:
                wait = timedelta(seconds=error.retry_after_s)
        await connections.note_health(connection, state, str(error), self.clock.now() + wait)

    async def _ask(
        self, connection: Connection, request: SyncRequested, leases: Leases, held: Held
    ) -> SyncReport:
        deadline = self.clock.monotonic() + self.budget_s
        credentials = await self.vault.open(connection.connection_id, connection.sealed)
        headers = self.spec.auth[connection.auth].headers(credentials)
        spec_host = self.spec.hosts[connection.environment]
        host = self.hosts.get(f"{self.spec.name}:{connection.environment}", spec_host)
        async with open_session(host, headers, self.transport) as session:
            client = BrokerClient(self.spec, session, self.clock, self.entropy, deadline)
            body = await client.ask(self.spec.accounts.request)
            (found,) = self.spec.accounts.read(body)
            account = await self._account(connection, found)
            return await _Run(self, client, connection, account, found, leases, held).go(request)

    async def _account(self, connection: Connection, found: BrokerAccount) -> Account:
        accounts = Accounts(self.documents, self.clock, self.entropy)
        account = await accounts.ensure(connection, found)
        connections = Connections(self.documents, self.clock, self.entropy, self.vault)
        await connections.note_account(connection, account.key)
        runs = Runs(self.documents, self.clock, self.entropy)
        if await runs.abandon_overdue(account, self.spec.zone):
            account = await accounts.ensure(connection, found)  # the cursor went back
        return account


@dataclass(frozen=True, slots=True)
class _Run:
    """One run under a lease, from its number to its cursor."""

    sync: SyncConnection
    client: BrokerClient
    connection: Connection
    account: Account
    found: BrokerAccount
    leases: Leases
    held: Held

    async def go(self, request: SyncRequested) -> SyncReport:
        sync, account = self.sync, self.account
        asked = self._window(request)
        runs = Runs(sync.documents, sync.clock, sync.entropy)
        run = await runs.open(
            account, self.connection.connection_id, asked, self.held.fence, sync.spec.zone
        )
        publisher = PagePublisher(sync.bus, sync.clock, self.connection, account, run)
        try:
            window = await self._publish(asked, publisher)
            await self.leases.assert_current(self.held)
        except DaybiasError:
            await runs.fail(account, run)
            raise
        await runs.finish(account, run, self._fetched(window, publisher))
        accounts = Accounts(sync.documents, sync.clock, sync.entropy)
        await accounts.advance(account, window.until, run)
        if window.until < asked.until:
            await self._continue_later(request)
        await close_if_complete(
            sync.documents, sync.clock, sync.entropy, account.user_id, account.key, run
        )
        return self._report(asked, window, publisher)

    def _window(self, request: SyncRequested) -> Window:
        """Begin before the cursor; a run that only continues need not read the overlap again."""
        now, cursor = self.sync.clock.now(), self.account.cursor
        if cursor is None:
            return Window(now - self.sync.spec.first_window, now)
        if request.reason == "continue":
            return Window(cursor, now)
        return Window(cursor - self.sync.spec.overlap, now)

    async def _publish(self, asked: Window, publisher: PagePublisher) -> Window:
        """Read and publish; return the part of the window that is complete now."""
        reader = HistoryReader(self.client, publisher, self.found)
        reached = await reader.read(asked)
        if reached == asked.until:
            await self._report_positions(reader, asked, publisher.run)
            return asked
        # the day that was cut is read again whole, so that it can become complete
        begun = day_start(reached, self.sync.spec.zone)
        until = begun if begun > asked.since else reached
        if until <= asked.since:
            raise ContractBroken(f"{self.sync.spec.title}: the budget ended before any row's time")
        return replace(asked, until=until)

    async def _report_positions(self, reader: HistoryReader, asked: Window, run: int) -> None:
        """Log what the broker says is held, taken between two readings of fills that agree."""
        spec, clock = self.sync.spec, self.sync.clock
        since = max(asked.since, asked.until - _TAIL)
        for _ in range(_AGREEMENTS):
            asked_for = spec.holdings.requests(self.found)
            bodies = [await self.client.ask(request) for request in asked_for]
            holdings = spec.holdings.read(bodies, self.found)
            at = clock.now()
            if await reader.confirms(Window(since, at)):
                body = {
                    "account_key": self.account.key,
                    "run": run,
                    "at_us": to_micros(at),
                    "cash": decimal_text(holdings.cash),
                    "currency": self.found.currency,
                    "positions": [_position_body(position) for position in holdings.positions],
                }
                report_id = f"{self.account.key}-{run:012d}"  # two runs may share an instant
                key = Key("position_reports", (self.account.user_id, report_id))
                await self.sync.documents.commit([Create(key, body)])
                return
        _log.warning("sync.positions_unsettled", extra={"run_id": run, "broker": spec.name})

    async def _continue_later(self, request: SyncRequested) -> None:
        rest = request.model_copy(
            update={"reason": "continue", "requested_at": self.sync.clock.now()}
        )
        await self.sync.bus.publish([Outgoing(rest.topic_name(), rest.encode())])

    def _fetched(self, window: Window, publisher: PagePublisher) -> Fetched:
        return Fetched(
            window=window,
            pages=publisher.pages,
            rows=publisher.rows,
            unread=publisher.unread,
            unread_days=publisher.unread_days,
            requests=self.client.requests,
        )

    def _report(self, asked: Window, window: Window, publisher: PagePublisher) -> SyncReport:
        return SyncReport(
            outcome=Outcome.COMPLETE if window == asked else Outcome.CONTINUED,
            run=publisher.run,
            pages=publisher.pages,
            rows=publisher.rows,
            unread=publisher.unread,
            requests=self.client.requests,
            waited_s=round(self.client.waited_s, 3),
        )


def _position_body(position: HeldPosition) -> dict[str, str | None]:
    price = position.average_price
    return {
        "symbol": position.symbol,
        "root": position.root,
        "quantity": decimal_text(position.quantity),
        "average_price": None if price is None else decimal_text(price),
        "asset_class": position.asset_class.value,
    }
