"""A user's connections to brokers: their documents, health and schedule."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.brokers.spec import BrokerSpec
from shared.domain.errors import InvalidInput, LeaseHeld, NotFound, RateLimited
from shared.domain.ids import AccountKey, ConnectionId, UserId
from shared.domain.sync.connection import Connection, ConnectionState, Health, PastHealth
from shared.domain.time import from_micros, to_micros
from shared.journal.connect.vault import Vault
from shared.journal.tombstones import is_deleted_user
from shared.lease import Held
from shared.ports import Body, Clock, Create, Document, Documents, Entropy, Key, Query, Update
from shared.retry import compare_and_set
from shared.scanning import every

# The tick leaves these alone until the user does something.
_RESTING = frozenset({ConnectionState.NEEDS_REAUTH, ConnectionState.PAUSED})

_REMEMBERED = 50  # states that are over


@dataclass(frozen=True, slots=True)
class Begun:
    """A renewal that has begun: no earlier holder of the lease can store a login from now on.

    Shape: `unknown` tells that an earlier renewal never said how it ended; `sealed` is the login to
    renew, which another worker may have stored since the connection was read; `logins` counts how
    often the user had signed in by then, and `fence` is of the lease under which it began.
    """

    unknown: bool
    sealed: str
    logins: int
    fence: int


@dataclass(frozen=True, slots=True)
class Connections:
    """Repository of connections; every change is compare-and-set."""

    documents: Documents
    clock: Clock
    entropy: Entropy
    vault: Vault

    async def create(  # noqa: PLR0913, PLR0917 - what a user states when connecting
        self,
        user_id: UserId,
        spec: BrokerSpec,
        environment: str,
        label: str,
        auth: Literal["api_key", "oauth"],
        credentials: Mapping[str, str],
    ) -> Connection:
        """Store a new connection, due at once; its credentials are sealed before they are written.

        Raises: InvalidInput for an environment, login or credential field that the broker has not,
        and for a user who was erased; StoreUnavailable.
        """
        check_login(spec, environment, auth, credentials)
        (user,) = await self.documents.get_many([Key("users", (user_id,))])
        if is_deleted_user(user):
            raise InvalidInput("everything of this user was erased, and stays so")
        connection_id = ConnectionId(self.entropy.token())
        now = self.clock.now()
        body = {
            "broker": spec.name,
            "environment": environment,
            "label": label,
            "auth": auth,
            "sealed": await self.vault.seal(connection_id, credentials),
            "health": health_body(Health(state=ConnectionState.ACTIVE, since=now)),
            "created_us": to_micros(now),
            "login_us": to_micros(now),
            "logins": 0,
            "next_due_us": to_micros(now),
            "schedulable": True,
            "account_keys": [],
        }
        key = _key(user_id, connection_id)
        await self.documents.commit([Create(key, body)])
        return _connection(key, body)

    async def get(self, user_id: UserId, connection_id: ConnectionId) -> Connection:
        """Read one connection.

        Raises: NotFound, StoreUnavailable.
        """
        document = await self._read(user_id, connection_id)
        return _connection(document.key, document.body)

    async def list(self, user_id: UserId) -> Sequence[Connection]:
        """List a user's connections, oldest id first.

        Raises: StoreUnavailable.
        """
        query = Query("connections", (user_id,))
        return [_connection(row.key, row.body) async for row in every(self.documents, query)]

    async def note_accounts(
        self, connection: Connection, account_keys: Collection[AccountKey]
    ) -> Sequence[AccountKey]:
        """Remember which accounts a connection reaches; return those that it reached before.

        Idempotent: accounts that are known change nothing.
        Raises: NotFound, StoreUnavailable.
        """
        before: list[AccountKey] = []

        def with_accounts(body: Body) -> dict[str, Any]:
            before[:] = body["account_keys"]
            return {"account_keys": sorted({*before, *account_keys})}

        await self.change(connection, with_accounts)
        return before

    async def begin_renewal(self, connection: Connection, held: Held) -> Begun:
        """Write down that the login is about to be renewed; give what is stored by then.

        Raises: LeaseHeld when the lease has run out or a later holder of it has renewed, NotFound,
        StoreUnavailable.
        """
        found: list[Begun] = []

        def begun(body: Body) -> dict[str, Any]:
            _assert_not_fenced_off(body, held.fence)
            if self.clock.now() >= held.until:
                # the next holder may be at it: our token would come after its successor
                raise LeaseHeld(f"{held.name} ran out before the login was renewed")
            unknown, logins = bool(body.get("renewing")), body.get("logins", 0)
            found.append(Begun(unknown, body["sealed"], logins, held.fence))
            return {"renewing": True, "fence": held.fence}

        await self.change(connection, begun)
        return found[-1]

    async def end_renewal(
        self, connection: Connection, begun: Begun, credentials: Mapping[str, str] | None = None
    ) -> None:
        """Seal what the renewal gave, before its first use; without it, say that it did nothing.

        Raises: LeaseHeld when a later holder of the lease has renewed or the user has signed in
        meanwhile, NotFound, StoreUnavailable.
        """
        kept: dict[str, Any] = {"renewing": False}
        if credentials is not None:
            kept["sealed"] = await self.vault.seal(connection.connection_id, credentials)

        def ended(body: Body) -> dict[str, Any]:
            _assert_not_fenced_off(body, begun.fence)
            if body.get("logins", 0) != begun.logins:
                raise LeaseHeld("the user has signed in anew: that login is the one to use")
            return {**kept, "fence": begun.fence}

        await self.change(connection, ended)

    async def note_session(self, connection: Connection, every: timedelta) -> None:
        """Write down that a session is about to be begun; once in `every` since the user signed in.

        Raises: RateLimited when the last one was begun since, NotFound, StoreUnavailable.
        """
        now = self.clock.now()

        def begun(body: Body) -> dict[str, Any]:
            before = body.get("session_us", 0)
            free_at = from_micros(before) + every
            if before >= body.get("login_us", 0) and now < free_at:
                raise RateLimited(
                    f"the last login was tried less than {every} ago",
                    retry_after_s=(free_at - now).total_seconds(),
                )
            return {"session_us": to_micros(now)}

        await self.change(connection, begun)

    async def reserve_nonces(self, connection: Connection, first: int, through: int) -> int:
        """Reserve a stretch of nonces from `first` on, or behind the last that was reserved.

        Shape: the first of the stretch, which is as long as was asked for.
        Raises: NotFound, StoreUnavailable.
        """
        begins = first

        def reserved(body: Body) -> dict[str, Any]:
            nonlocal begins
            begins = max(first, body.get("nonces_through", 0) + 1)
            return {"nonces_through": begins + through - first}

        await self.change(connection, reserved)
        return begins

    async def note_health(
        self,
        connection: Connection,
        state: ConnectionState,
        reason: str = "",
        next_attempt_at: datetime | None = None,
    ) -> None:
        """Write how a connection is; `since` stays while the state does, and a pause stays.

        What was found out with a login that the user has replaced since says nothing.
        Raises: NotFound, StoreUnavailable.
        """
        now = self.clock.now()

        def with_health(body: Body) -> dict[str, Any]:
            before = Health.model_validate(body["health"])
            if before.state is ConnectionState.PAUSED:
                return {}  # the user paused while a sync was under way; only the user resumes
            if body.get("logins", 0) != connection.logins:
                return {}
            health = Health(
                state=state,
                since=before.since if before.state is state else now,
                reason=reason,
                next_attempt_at=next_attempt_at,
            )
            return {"health": health_body(health), "schedulable": state not in _RESTING}

        await self.change(connection, with_health)

    async def change(
        self, connection: Connection, change: Callable[[Body], dict[str, Any]]
    ) -> Connection:
        """Write the fields that `change` gives from the stored ones; return what is stored then.

        Raises: NotFound, StoreUnavailable, and what `change` raises.
        """

        async def write() -> Connection:
            document = await self._read(connection.user_id, connection.connection_id)
            body = self._remembering(document.body, {**document.body, **change(document.body)})
            if body != document.body:  # health is written after every run and mostly unchanged
                await self.documents.commit([Update(document.key, body, document.version)])
            return _connection(document.key, body)

        return await compare_and_set(self.clock, self.entropy, write)

    def _remembering(self, before: Body, after: dict[str, Any]) -> dict[str, Any]:
        """Keep a state that ends in the connection's own document; only the newest are kept."""
        was = Health.model_validate(before["health"])
        if after["health"]["state"] == was.state.value:
            return after
        ended = PastHealth(
            state=was.state, since=was.since, until=self.clock.now(), reason=was.reason
        )
        past = [*after.get("past", []), ended.model_dump(mode="json")]
        return {**after, "past": past[-_REMEMBERED:]}

    async def _read(self, user_id: UserId, connection_id: ConnectionId) -> Document:
        (document,) = await self.documents.get_many([_key(user_id, connection_id)])
        if document is None:
            raise NotFound(f"there is no connection {connection_id!r}")
        return document


def check_login(
    spec: BrokerSpec, environment: str, auth: str, credentials: Mapping[str, str]
) -> None:
    """Make sure that the broker has this environment, this login and exactly these fields.

    Raises: InvalidInput.
    """
    if environment not in spec.hosts:
        raise InvalidInput(
            f"{spec.title} has no environment {environment!r}", expected=sorted(spec.hosts)
        )
    if auth not in spec.auth:
        raise InvalidInput(f"{spec.title} has no login {auth!r}", expected=sorted(spec.auth))
    scheme = spec.auth[auth]
    given = set(credentials)
    if not all(credentials.values()) or not given <= {*scheme.fields, *scheme.optional}:
        given = set()
    if not given >= set(scheme.fields):
        left_out = tuple(f"{name} (optional)" for name in scheme.optional)
        raise InvalidInput(
            f"{spec.title} needs exactly its credential fields",
            expected=(*scheme.fields, *left_out),
        )


def _assert_not_fenced_off(body: Body, fence: int) -> None:
    """A worker that lost its lease must not put an old login over a newer one."""
    if body.get("fence", 0) > fence:
        raise LeaseHeld("another worker has renewed this login")


def _key(user_id: UserId, connection_id: ConnectionId) -> Key:
    return Key("connections", (user_id, connection_id))


def health_body(health: Health) -> dict[str, Any]:
    """Render a health for its document."""
    return health.model_dump(mode="json")


def _connection(key: Key, body: Body) -> Connection:
    user_id, connection_id = key.path
    return Connection(
        user_id=UserId(user_id),
        connection_id=ConnectionId(connection_id),
        broker=body["broker"],
        environment=body["environment"],
        label=body["label"],
        auth=body["auth"],
        sealed=body["sealed"],
        health=Health.model_validate(body["health"]),
        created_at=from_micros(body["created_us"]),
        login_at=from_micros(body.get("login_us", body["created_us"])),
        logins=body.get("logins", 0),
        next_due_at=from_micros(body["next_due_us"]),
        account_keys=tuple(map(AccountKey, body.get("account_keys", ()))),
        past=tuple(map(PastHealth.model_validate, body.get("past", ()))),
    )
