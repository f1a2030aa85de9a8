"""The login of one connection during one message: shown, and renewed where it runs out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.engine.client import BrokerClient
from shared.brokers.spec import AuthScheme, Renewal
from shared.domain.errors import (
    AnswerLost,
    AuthRejected,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.domain.ids import content_key
from shared.domain.sync.connection import Connection
from shared.domain.time import parse_instant
from shared.journal.connect.connections import Connections
from shared.journal.visits.nonces import Nonces
from shared.lease import Held

_WARNED = timedelta(hours=24)  # before a consent ends for good, or in its last quarter
_ROTATES = "rotates"  # kept with the credentials of a login whose token was replaced once


@dataclass(slots=True)
class Login:
    """Credentials on their way into a client's headers.

    Shape: `held` is the lease under which it is shown; `host` is where logins are renewed, "" for
    the broker's own.
    """

    scheme: AuthScheme
    connection: Connection
    connections: Connections
    client: BrokerClient
    held: Held
    host: str
    _credentials: dict[str, str] = field(default_factory=dict, init=False)

    async def show(self) -> None:
        """Put the login into the client's headers, renewed if it has run out.

        Raises: AuthRejected, RateLimited, UpstreamUnavailable, ContractBroken, LeaseHeld,
        StoreUnavailable.
        """
        connection = self.connection
        vault = self.connections.vault
        self._credentials = await vault.open(connection.connection_id, connection.sealed)
        self.client.home = self._home()
        if client_id := self._credentials.get("client_id"):
            self.client.application = content_key("application", client_id)[:12]
        renewal = self.scheme.renewal
        if renewal is not None:
            self.client.renew = self.renew
            if not self._is_fresh(renewal):
                await self.renew()
        self._present()

    def _present(self) -> None:
        """Have the client show the login as it is now."""
        self.client.home = self._home()
        self.client.shown = self.scheme.headers(self._credentials)
        if (sign := self.scheme.sign) is not None:
            self.client.sign = lambda request, moment: sign(request, self._credentials, moment)
        if self.scheme.counts and self.client.next_nonce is None:
            self.client.next_nonce = Nonces(self.connections, self.connection).next
        if named_by := self.client.spec.accounts.named_by:
            # one way only: the digest is shown wherever an account is
            digest = content_key("login", self.connection.broker, self._credentials[named_by])
            self.client.identity = digest[:12]

    async def renew(self) -> None:
        """Trade for a new login, store it sealed, and only then show it.

        A renewal that uses its token up is tried once more after an unknown outcome, not twice.
        Raises: as `show`, and BudgetSpent before anything has begun.
        """
        renewal = self.scheme.renewal
        if renewal is None:
            raise AuthRejected("this login cannot be renewed; connect again")
        # what has begun goes on at once: a token that waits may be overtaken by its successor
        await self.client.make_room()
        begun = await self.connections.begin_renewal(self.connection, self.held)
        unknown, vault = begun.unknown, self.connections.vault
        self._credentials = await vault.open(self.connection.connection_id, begun.sealed)
        before = self._credentials.get("refresh_token")
        try:
            kept = await self._trade(renewal)
        except AnswerLost as error:
            if unknown and self._rotates(renewal):
                raise AuthRejected(f"{error}, for the second time; connect again") from error
            raise  # begun and not ended: the next try is the last one
        except (AuthRejected, RateLimited, RequestRejected, UpstreamUnavailable) as error:
            if not unknown:
                await self.connections.end_renewal(self.connection, begun)
            if isinstance(error, RequestRejected):
                raise AuthRejected(f"{error}: the login is not renewed; connect again") from error
            raise
        if kept.get("refresh_token", before) != before:
            kept[_ROTATES] = "yes"
        self._credentials = {**self._credentials, **kept}
        await self.connections.end_renewal(self.connection, begun, self._credentials)
        self._present()

    def warning(self, now: datetime) -> str:
        """Say when the user's consent ends, if that is soon."""
        renewal = self.scheme.renewal
        if renewal is None:
            return ""
        lasting = renewal.refresh_life
        life = (renewal.rotating_life or lasting) if self._rotates(renewal) else lasting
        if life is None:
            return ""
        ends_at = self.connection.login_at + life
        if ends_at - now > min(_WARNED, life / 4):
            return ""
        return f"sign in again before {ends_at:%Y-%m-%d %H:%M} UTC, when the consent ends"

    def _rotates(self, renewal: Renewal) -> bool:
        """A login whose token was replaced once has it replaced each time."""
        return renewal.rotates or _ROTATES in self._credentials

    async def _trade(self, renewal: Renewal) -> dict[str, str]:
        asked_at = self.client.clock.now()
        self.client.shown, self.client.sign = {}, None
        return renewal.read(await self._answer(renewal), asked_at)

    async def _answer(self, renewal: Renewal) -> Any:
        """Renew what there is, else begin a session; seldom, where the broker has few to give."""
        request, anew = renewal.request(self._credentials), renewal.anew
        if request is not None:
            try:
                return await self.client.ask_once(request, self.host)
            except (AuthRejected, RequestRejected):
                if anew is None:
                    raise
        if anew is None:
            raise AuthRejected("nothing is left to renew; connect again")
        await self.connections.note_session(self.connection, anew.every)
        return await self.client.ask_once(anew.request(self._credentials), self.host)

    def _home(self) -> str:
        return self.client.spec.home(self._credentials, self.connection.environment)

    def _is_fresh(self, renewal: Renewal) -> bool:
        ends_at = self._credentials.get("expires_at")
        now = self.client.clock.now()
        return ends_at is not None and parse_instant(ends_at) - renewal.margin > now
