"""Sync of one connection: lease, login, accounts, in an order in which a crash loses nothing."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx

from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.session import Session
from shared.brokers.spec import BrokerAccount, BrokerSpec
from shared.domain.errors import (
    AuthRejected,
    DaybiasError,
    InvalidInput,
    LeaseHeld,
    PermanentError,
    RateLimited,
    RetryableError,
    UpstreamUnavailable,
)
from shared.domain.ids import ConnectionId, UserId
from shared.domain.messages import SyncRequested
from shared.domain.sync.connection import Connection, ConnectionState
from shared.journal.connect.connections import Connections
from shared.journal.connect.vault import Vault
from shared.journal.tick import PERIOD
from shared.journal.visits.account_run import Outcome, Workplace
from shared.journal.visits.breaker import Breaker
from shared.journal.visits.budgets import Budgets, Sharing
from shared.journal.visits.login import Login
from shared.journal.visits.refusal import explain
from shared.journal.visits.visit import SyncReport, Visit, list_accounts
from shared.lease import Held, Leases
from shared.ports import Clock, Documents, Entropy, MessageBus

_log = logging.getLogger(__name__)

_SPENT = "spent"
_PROBE_S = 20.0
_LEASE_MARGIN_S = 60.0  # for what comes after the budget: the last page, the cursor, the release


def lease_name(user_id: UserId, connection_id: ConnectionId) -> str:
    """Name the lease under which one worker at a time touches a connection's login."""
    return f"sync:{user_id}:{connection_id}"


@dataclass(frozen=True, slots=True)
class SyncConnection:
    """The use case of every broker's function.

    Shape: `hosts` maps "<broker>:<environment>" to a base URL that stands in for the spec's own.
    `budgets` is this process's part of the limits that many logins share.
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
    budgets: Budgets = field(default_factory=Budgets)

    async def run(self, request: SyncRequested) -> SyncReport:
        """Publish what the broker booked since the cursors, then move the cursors.

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
        name = lease_name(request.user_id, request.connection_id)
        held = await leases.acquire(name, self.budget_s + _LEASE_MARGIN_S)
        try:
            report = await self._run_with_health(request, leases, held)
        finally:
            await leases.release(held)
        self._tell(request, report)
        return report

    def _tell(self, request: SyncRequested, report: SyncReport) -> None:
        fields = {"broker": self.spec.name, "connection_id": request.connection_id}
        for account in report.accounts:
            counts: dict[str, object] = {
                "outcome": account.outcome.value,
                "run_id": account.run,
                "pages": account.pages,
                "rows": account.rows,
                "unread": account.unread,
                "ignored": account.ignored,
            }
            _log.info("sync.account_done", extra={**fields, **counts})
        cost = {"requests": report.requests, "waited_s": report.waited_s}
        _log.info("sync.done", extra={**fields, **cost, "outcome": report.outcome.value})

    async def test(self, user_id: UserId, connection_id: ConnectionId) -> Sequence[BrokerAccount]:
        """Log in and list the accounts, now; nothing is published, the health tells the result.

        Raises: AuthRejected and the other refusals, RateLimited, UpstreamUnavailable, LeaseHeld
        while a sync is under way, NotFound, StoreUnavailable.
        """
        connections = Connections(self.documents, self.clock, self.entropy, self.vault)
        async with self._leased(user_id, connection_id) as (connection, held):
            try:
                async with self.logged_in(connection, held) as (client, _):
                    listed = await list_accounts(client)
            except AuthRejected as bare:
                error = await self._explained(bare, connection)
                await connections.note_health(connection, ConnectionState.NEEDS_REAUTH, str(error))
                raise error from bare
            await connections.note_health(connection, ConnectionState.ACTIVE)
            return listed

    async def show_login(
        self, user_id: UserId, connection_id: ConnectionId
    ) -> tuple[Mapping[str, str], Sequence[BrokerAccount]]:
        """Log in; give the headers that show the login, and the accounts that it reaches.

        Raises: as `test`.
        """
        async with (
            self._leased(user_id, connection_id) as (connection, held),
            self.logged_in(connection, held) as (client, _),
        ):
            return client.shown, await list_accounts(client)

    @asynccontextmanager
    async def _leased(
        self, user_id: UserId, connection_id: ConnectionId
    ) -> AsyncIterator[tuple[Connection, Held]]:
        """Hold a connection that its broker has not asked to wait, as it is stored now."""
        leases = Leases(self.documents, self.clock, self.entropy)
        name = lease_name(user_id, connection_id)
        held = await leases.acquire(name, self.budget_s + _LEASE_MARGIN_S)
        try:
            connections = Connections(self.documents, self.clock, self.entropy, self.vault)
            connection = await connections.get(user_id, connection_id)
            if (rests := self._asked_to_wait(connection)) is not None:
                raise rests
            yield connection, held
        finally:
            await leases.release(held)

    async def _run_with_health(
        self, request: SyncRequested, leases: Leases, held: Held
    ) -> SyncReport:
        connections = Connections(self.documents, self.clock, self.entropy, self.vault)
        connection = await connections.get(request.user_id, request.connection_id)
        if reason := self._rests(connection):
            return SyncReport(Outcome.RESTING, reason=reason)
        breaker = Breaker(self.documents, self.clock, self.entropy)
        place = f"{self.spec.name}:{connection.environment}"
        if rests_until := await breaker.rests_until(place):
            reason = f"{self.spec.title} does not answer; asked again from {rests_until:%H:%M} UTC"
            await connections.note_health(
                connection, ConnectionState.FAILED, reason, max(rests_until, self.clock.now())
            )
            return SyncReport(Outcome.RESTING, reason=reason)
        try:
            report = await self._ask(connection, request, leases, held)
        except LeaseHeld:
            raise  # another worker has it: nothing is wrong with the connection
        except AuthRejected as bare:
            error = await self._explained(bare, connection)
            await breaker.note_answer(place)
            await connections.note_health(connection, ConnectionState.NEEDS_REAUTH, str(error))
            return SyncReport(Outcome.NEEDS_REAUTH, reason=str(error))
        except PermanentError as error:
            _log.exception("sync.failed", extra={"connection_id": connection.connection_id})
            await breaker.note_answer(place)
            await self._note_trouble(connections, connection, error)
            return SyncReport(Outcome.FAILED, reason=str(error))
        except RetryableError as error:
            if isinstance(error, UpstreamUnavailable):
                await breaker.note_silence(place)
            elif isinstance(error, RateLimited):
                await breaker.note_answer(place)
            await self._note_trouble(connections, connection, error)
            raise
        await breaker.note_answer(place)
        await self._note_end(connections, connection, report)
        return report

    def _rests(self, connection: Connection) -> str:
        state = connection.health.state
        if state in (ConnectionState.NEEDS_REAUTH, ConnectionState.PAUSED):
            return f"the connection is {state.value}"
        return str(self._asked_to_wait(connection) or "")

    def _asked_to_wait(self, connection: Connection) -> RateLimited | None:
        """Say so while the broker's own wait lasts: a redelivery must not ask it earlier."""
        health, now = connection.health, self.clock.now()
        until = health.next_attempt_at
        if health.state is not ConnectionState.THROTTLED or until is None or until <= now:
            return None
        left_s = (until - now).total_seconds()
        return RateLimited(
            f"{health.reason} (until {until:%Y-%m-%d %H:%M} UTC)", retry_after_s=left_s
        )

    async def _explained(self, error: AuthRejected, connection: Connection) -> AuthRejected:
        async def is_accepted_in(environment: str) -> bool:
            return await self._accepts(connection, environment)

        return await explain(error, self.spec, connection, is_accepted_in)

    async def _accepts(self, connection: Connection, environment: str) -> bool:
        """Show a login that takes no renewal to another environment; where it is, tell."""
        scheme, name = self.spec.auth[connection.auth], self.spec.name
        own = self.hosts.get(f"{name}:{environment}")
        is_own = f"{name}:{connection.environment}" in self.hosts
        if scheme.renewal or scheme.sign or (is_own and own is None):
            return False  # what is kept to hosts of the user's own stays there
        credentials = await self.vault.open(connection.connection_id, connection.sealed)
        deadline = self.clock.monotonic() + _PROBE_S
        host = own or self.spec.hosts[environment]
        async with Session(host, self.spec.headers, self.transport) as session:
            client = BrokerClient(self.spec, session, self.clock, self.entropy, deadline)
            client.shown = scheme.headers(credentials)
            try:
                await client.ask_once(self.spec.accounts.request)
            except DaybiasError:
                return False
            return True

    async def _note_trouble(
        self, connections: Connections, connection: Connection, error: DaybiasError
    ) -> None:
        state, wait = ConnectionState.FAILED, PERIOD
        if isinstance(error, RateLimited):
            state = ConnectionState.THROTTLED
            if error.retry_after_s is not None:
                wait = timedelta(seconds=error.retry_after_s)
        await connections.note_health(connection, state, str(error), self.clock.now() + wait)

    async def _note_end(
        self, connections: Connections, connection: Connection, report: SyncReport
    ) -> None:
        if report.outcome is Outcome.FAILED:
            retry_at = self.clock.now() + PERIOD
            state = ConnectionState.FAILED
            await connections.note_health(connection, state, report.reason, retry_at)
        else:
            reason = "; ".join(text for text in (report.reason, report.notice) if text)
            await connections.note_health(connection, ConnectionState.ACTIVE, reason)

    async def _ask(
        self, connection: Connection, request: SyncRequested, leases: Leases, held: Held
    ) -> SyncReport:
        connections = Connections(self.documents, self.clock, self.entropy, self.vault)
        place = Workplace(
            self.documents, self.bus, self.clock, self.entropy, leases, held, connections
        )
        async with self.logged_in(connection, held) as (client, login):
            report = await Visit(place, client, connection, request).go()
            return replace(
                report,
                requests=client.requests,
                waited_s=round(client.waited_s, 3),
                notice=login.warning(self.clock.now()),
            )

    @asynccontextmanager
    async def logged_in(
        self, connection: Connection, held: Held
    ) -> AsyncIterator[tuple[BrokerClient, Login]]:
        """Open a session that shows the connection's login, renewed if it has run out.

        What it spends of the login's rate limits is left with the lease, for the next session.

        Raises: as `Login.show`.
        """
        deadline = self.clock.monotonic() + self.budget_s
        environment = connection.environment
        own = self.hosts.get(f"{self.spec.name}:{environment}")
        host = own or self.spec.hosts[environment]
        async with Session(host, self.spec.headers, self.transport) as session:
            client = BrokerClient(
                self.spec,
                session,
                self.clock,
                self.entropy,
                deadline,
                one_host=bool(own),
                doors=self.spec.doors.get(environment, {}),
            )
            sharing = Sharing(self.budgets, self.documents, self.entropy, environment, client)
            client.share = sharing.take
            client.go_on_from(held.carried.get(_SPENT, {}))
            login = self._login(connection, client, held, "" if own else None)
            try:
                await login.show()
                yield client, login
            finally:  # written when the lease is given back
                held.carried[_SPENT] = client.spending

    def _login(
        self, connection: Connection, client: BrokerClient, held: Held, own: str | None
    ) -> Login:
        scheme = self.spec.auth[connection.auth]
        hosts = (scheme.renewal.hosts if scheme.renewal else None) or {}
        host = hosts.get(connection.environment, "") if own is None else own
        connections = Connections(self.documents, self.clock, self.entropy, self.vault)
        return Login(scheme, connection, connections, client, held, host)
