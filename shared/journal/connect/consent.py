"""Connecting by OAuth 2.0: the browser consents at the broker and comes back with a code.

A state is good for one return, for ten minutes, in the browser session that began it. The PKCE
verifier is stored nowhere: it follows from the session, which a thief of the returning address
does not have, and the state.
Source: RFC 6749 section 4.1, RFC 7636, RFC 9700 section 2.1.
"""

import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx

from shared.brokers.engine.client import BrokerClient
from shared.brokers.engine.oauth import OAuth
from shared.brokers.engine.session import Session
from shared.brokers.spec import BrokerSpec, Request
from shared.domain.errors import (
    AnswerLost,
    Conflict,
    DaybiasError,
    InvalidInput,
    PermanentError,
    RetryableError,
)
from shared.domain.ids import UserId, content_key
from shared.domain.sync.connection import Connection
from shared.domain.time import to_micros
from shared.journal.connect.application import Application, read_application
from shared.journal.connect.connections import Connections
from shared.journal.connect.lifecycle import Lifecycle
from shared.ports import Body, Create, Delete, Document, Key, Query, Secrets, Update

_LIFE = timedelta(minutes=10)
_KEPT = timedelta(days=1)  # so that a late or second return is told why
_SWEPT = 10
_EXCHANGE_S = 30.0
_AGAIN = "begin to connect again"


@dataclass(frozen=True, slots=True)
class Consents:
    """Begins and finishes consents.

    Shape: `specs` broker's name -> spec; `hosts` as in SyncConnection.
    """

    connections: Connections
    secrets: Secrets
    specs: Mapping[str, BrokerSpec]
    transport: httpx.AsyncBaseTransport
    hosts: Mapping[str, str]

    async def begin(
        self, user_id: UserId, spec: BrokerSpec, environment: str, label: str, session: str
    ) -> str:
        """Make the address where this browser's user consents to a new connection.

        Raises: InvalidInput for an environment that the broker has not or a broker without OAuth,
        ConfigError when we are not registered there, StoreUnavailable.
        """
        if environment not in spec.hosts:
            raise InvalidInput(
                f"{spec.title} has no environment {environment!r}", expected=sorted(spec.hosts)
            )
        asked = {"user_id": user_id, "environment": environment, "label": label}
        return await self._begin(spec, {**asked, "connection_id": None}, session)

    async def begin_again(self, connection: Connection, session: str) -> str:
        """Make the address where the consent behind a connection is given anew.

        Raises: as `begin`.
        """
        asked = {
            "user_id": connection.user_id,
            "environment": connection.environment,
            "label": connection.label,
            "connection_id": connection.connection_id,
        }
        return await self._begin(self.specs[connection.broker], asked, session)

    async def _begin(self, spec: BrokerSpec, asked: Body, session: str) -> str:
        if spec.oauth is None:
            raise InvalidInput(f"{spec.title} offers no OAuth", expected=sorted(spec.auth))
        offered = spec.oauth.environments or tuple(spec.hosts)
        if asked["environment"] not in offered:
            text = f"{spec.title} offers OAuth in {' and '.join(offered)} alone"
            raise InvalidInput(text, expected=offered)
        application = await read_application(self.secrets, spec)
        await self._sweep()
        state, now = self.connections.entropy.token(), self.connections.clock.now()
        body = {
            **asked,
            "broker": spec.name,
            "session": _hashed("session", session),
            "expires_us": to_micros(now + _LIFE),
            "used": False,
        }
        await self.connections.documents.commit([Create(_key(state), body)])
        challenge = _base64url(sha256(_verifier(session, state).encode()).digest())
        return spec.oauth.address(application.client_id, application.redirect_uri, state, challenge)

    async def finish(self, state: str, code: str, session: str) -> Connection:
        """Exchange the code that the browser came back with; without one, only use up the state.

        Raises: InvalidInput for a state that is unknown, used, expired or another browser's, and
        for a consent that was not given; PermanentError when the broker did not give tokens; then
        nothing is created or changed. ConfigError, NotFound when the connection that was to be
        signed in again is gone, StoreUnavailable.
        """
        body = await self._use_up(state, session)
        spec = self.specs[body["broker"]]
        oauth = spec.oauth
        if oauth is None or not code:
            raise InvalidInput(f"{spec.title} gave no consent; {_AGAIN} if you meant to give it")
        application = await read_application(self.secrets, spec)
        request = _exchange(oauth, application, code, _verifier(session, state))
        answer = await self._ask(spec, oauth, body["environment"], request)
        credentials = _credentials(spec, application, answer)
        user_id, connection_id = UserId(body["user_id"]), body["connection_id"]
        if connection_id is not None:
            lifecycle = Lifecycle(self.connections)
            return await lifecycle.sign_in(user_id, connection_id, spec, credentials)
        return await self.connections.create(
            user_id, spec, body["environment"], body["label"], "oauth", credentials
        )

    async def _use_up(self, state: str, session: str) -> Body:
        documents = self.connections.documents
        (found,) = await documents.get_many([_key(state)])
        if found is None:
            raise InvalidInput(f"this return from a broker is not known here; {_AGAIN}")
        self._assert_usable(found, session)
        used = {**found.body, "used": True}
        try:
            await documents.commit([Update(found.key, used, found.version)])
        except Conflict as error:  # the same return came twice at once
            raise InvalidInput(f"this consent was used already; {_AGAIN}") from error
        return found.body

    def _assert_usable(self, found: Document, session: str) -> None:
        if not hmac.compare_digest(found.body["session"], _hashed("session", session)):
            raise InvalidInput(f"this consent was begun in another browser; {_AGAIN} in this one")
        if found.body["used"]:
            raise InvalidInput(f"this consent was used already; {_AGAIN}")
        if found.body["expires_us"] <= to_micros(self.connections.clock.now()):
            raise InvalidInput(f"this consent took more than ten minutes; {_AGAIN}")

    async def _ask(
        self, spec: BrokerSpec, oauth: OAuth, environment: str, request: Request
    ) -> dict[str, Any]:
        """Ask once: a code is good for one try, whatever became of it."""
        address = urlsplit(oauth.token_url)
        own = self.hosts.get(f"{spec.name}:{environment}")
        host = own or f"{address.scheme}://{address.netloc}"
        clock, entropy = self.connections.clock, self.connections.entropy
        async with Session(host, spec.headers, self.transport) as session:
            deadline = clock.monotonic() + _EXCHANGE_S
            client = BrokerClient(spec, session, clock, entropy, deadline)
            try:
                answer = await client.ask_once(request)
            except AnswerLost as error:
                text = f"{spec.title}'s answer to the consent was lost; {_AGAIN}"
                raise PermanentError(text) from error
            except RetryableError as error:
                text = f"{spec.title} does not answer for now; {_AGAIN} later"
                raise PermanentError(text) from error
            except DaybiasError as error:
                text = f"{spec.title} refused the consent, or the application's id and secret"
                raise PermanentError(f"{text}; {_AGAIN}") from error
        return answer if isinstance(answer, dict) else {}

    async def _sweep(self) -> None:
        """Drop some of the states whose return would be told nothing new."""
        clock, documents = self.connections.clock, self.connections.documents
        below = to_micros(clock.now() - _KEPT)
        query = Query("oauth_states", (), order_by="expires_us", below=below, limit=_SWEPT)
        page = await documents.scan(query)
        if page.documents:
            await documents.commit([Delete(old.key) for old in page.documents])


def _exchange(oauth: OAuth, application: Application, code: str, verifier: str) -> Request:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": application.redirect_uri,
    }
    if oauth.pkce:
        form["code_verifier"] = verifier
    path, secret = urlsplit(oauth.token_url).path, application.client_secret.get_secret_value()
    if not oauth.basic:
        shown = {"client_id": application.client_id, "client_secret": secret}
        return Request(path, form={**form, **shown})
    pair = b64encode(f"{application.client_id}:{secret}".encode()).decode()
    return Request(path, form=form, headers={"Authorization": f"Basic {pair}"})


def _credentials(
    spec: BrokerSpec, application: Application, answer: Mapping[str, Any]
) -> dict[str, str]:
    """Keep what the login's scheme names; an access token that can be renewed is not kept."""
    secret = application.client_secret.get_secret_value()
    known = {**answer, "client_id": application.client_id, "client_secret": secret}
    kept = {name: known.get(name) for name in spec.auth["oauth"].fields}
    missing = sorted(name for name, value in kept.items() if not (value and type(value) is str))
    if missing:
        raise PermanentError(f"{spec.title} gave no {' and no '.join(missing)}; {_AGAIN}")
    return {name: str(value) for name, value in kept.items()}


def _verifier(session: str, state: str) -> str:
    return _base64url(hmac.digest(session.encode(), f"pkce|{state}".encode(), "sha256"))


def _base64url(plain: bytes) -> str:
    return urlsafe_b64encode(plain).decode().rstrip("=")


def _hashed(what: str, secret: str) -> str:
    return content_key(f"oauth-{what}", secret)


def _key(state: str) -> Key:
    return Key("oauth_states", (_hashed("state", state),))
