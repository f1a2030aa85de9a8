"""What a user does with a connection: rename, pause, resume, sign in again, delete."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.brokers.spec import BrokerSpec
from shared.domain.errors import InvalidInput
from shared.domain.ids import AccountKey, ConnectionId, UserId
from shared.domain.sync.connection import Connection, ConnectionState, Health
from shared.domain.time import to_micros
from shared.journal.accounts import Accounts
from shared.journal.connect.connections import Connections, check_login, health_body
from shared.journal.sync import lease_name
from shared.journal.tombstones import Erasure
from shared.lease import Leases
from shared.ports import Body, Delete, Key

_LEASE_S = 300.0


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Use cases over one connection; each raises NotFound for one that is gone."""

    connections: Connections

    async def rename(self, user_id: UserId, connection_id: ConnectionId, label: str) -> Connection:
        """Give a connection another label.

        Raises: InvalidInput for an empty one, NotFound, StoreUnavailable.
        """
        label = label.strip()
        if not label:
            raise InvalidInput("a label must have at least one character")
        return await self._write(user_id, connection_id, {"label": label})

    async def pause(self, user_id: UserId, connection_id: ConnectionId) -> Connection:
        """Ask the broker nothing until the user resumes; a sync under way ends.

        Raises: NotFound, StoreUnavailable.
        """
        return await self._write(
            user_id, connection_id, self._health(ConnectionState.PAUSED, "paused by the user")
        )

    async def resume(self, user_id: UserId, connection_id: ConnectionId) -> Connection:
        """Let a paused connection be synchronized again, at once.

        Idempotent: a connection that is not paused stays as it is.
        Raises: NotFound, StoreUnavailable.
        """
        connection = await self.connections.get(user_id, connection_id)
        if connection.health.state is not ConnectionState.PAUSED:
            return connection
        return await self._write(user_id, connection_id, self._awake())

    async def sign_in(
        self,
        user_id: UserId,
        connection_id: ConnectionId,
        spec: BrokerSpec,
        credentials: Mapping[str, str],
    ) -> Connection:
        """Replace the credentials by new ones; the journal and its cursors stay as they are.

        A sync under way may go on with the old login, but stores no renewal of it any more.
        Raises: InvalidInput for credentials that the broker does not take, NotFound,
        StoreUnavailable.
        """
        connection = await self.connections.get(user_id, connection_id)
        check_login(spec, connection.environment, connection.auth, credentials)
        sealed = await self.connections.vault.seal(connection_id, credentials)
        login = {"sealed": sealed, "renewing": False, "login_us": self._now_us(), **self._awake()}

        def signed_in(body: Body) -> dict[str, Any]:
            return {**login, "logins": body.get("logins", 0) + 1}

        return await self.connections.change(connection, signed_in)

    async def delete(
        self, user_id: UserId, connection_id: ConnectionId, *, journal: bool = False
    ) -> None:
        """Remove a connection and its secrets; with `journal` also what only it has brought.

        Rows that are still under way find a tombstone and are dropped.
        Idempotent: a deletion that was cut short is repeated.
        Raises: LeaseHeld while a sync is under way, NotFound, StoreUnavailable.
        """
        ports = self.connections
        leases = Leases(ports.documents, ports.clock, ports.entropy)
        held = await leases.acquire(lease_name(user_id, connection_id), _LEASE_S)
        try:
            connection = await ports.get(user_id, connection_id)
            accounts = Accounts(ports.documents, ports.clock, ports.entropy)
            erasure = Erasure(ports.documents, ports.clock, ports.entropy)
            for key in await ports.note_accounts(connection, ()):
                left = await accounts.detach(user_id, AccountKey(key), connection_id)
                if journal and not left:
                    await erasure.erase(user_id, AccountKey(key))
            # last, so that a deletion that was cut short can be asked for again
            await ports.documents.commit([Delete(Key("connections", (user_id, connection_id)))])
        finally:
            await leases.release(held)

    def _awake(self) -> dict[str, Any]:
        return {**self._health(ConnectionState.ACTIVE, ""), "next_due_us": self._now_us()}

    def _health(self, state: ConnectionState, reason: str) -> dict[str, Any]:
        health = Health(state=state, since=self.connections.clock.now(), reason=reason)
        is_active = state is ConnectionState.ACTIVE
        return {"health": health_body(health), "schedulable": is_active}

    def _now_us(self) -> int:
        return to_micros(self.connections.clock.now())

    async def _write(
        self, user_id: UserId, connection_id: ConnectionId, fields: dict[str, Any]
    ) -> Connection:
        connection = await self.connections.get(user_id, connection_id)

        def with_fields(_: Body) -> dict[str, Any]:
            return fields

        return await self.connections.change(connection, with_fields)
