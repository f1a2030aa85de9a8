"""Connections over HTTP: connect by keys or in the browser, list, rename, pause, test, delete."""

import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.brokers.spec import BrokerAccount, BrokerSpec
from shared.domain.errors import (
    InvalidInput,
    NotFound,
    PermanentError,
    RateLimited,
    UpstreamUnavailable,
)
from shared.domain.ids import ConnectionId, UserId
from shared.domain.sync.connection import Connection, Health
from shared.domain.time import Instant
from shared.http.identity import Identify
from shared.http.journal.app import Items
from shared.http.problems import problem
from shared.journal.connect.connections import Connections
from shared.journal.connect.consent import Consents
from shared.journal.connect.lifecycle import Lifecycle
from shared.ports import Entropy

_log = logging.getLogger(__name__)

SESSION_COOKIE = "daybias_session"
_SESSION = re.compile(r"[a-z2-7]{26}", re.ASCII)  # as Entropy.token makes them
_Label = Annotated[str, Field(min_length=1, max_length=80)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    broker: str
    environment: str
    label: _Label


class KeysLogin(_Asked):
    """Connect with keys of the user's own; `credentials` has exactly the broker's fields."""

    auth: Literal["api_key"]
    credentials: dict[str, SecretStr]


class BrowserLogin(_Asked):
    """Connect by a consent that is given at the broker, in this browser."""

    auth: Literal["oauth"]


class Changes(BaseModel):
    """What to change of a connection; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    label: _Label | None = None
    paused: bool | None = None


class ConnectionView(BaseModel):
    """A connection without its credentials; `notices` is what its user must know of the broker."""

    connection_id: ConnectionId
    broker: str
    title: str
    environment: str
    label: str
    auth: Literal["api_key", "oauth"]
    health: Health
    created_at: Instant
    login_at: Instant
    next_due_at: Instant
    notices: tuple[str, ...]


class BrokerView(BaseModel):
    """What can be connected, and how.

    Shape: `keys` are the fields of a login by keys, `consent` the environments in which a consent
    is offered; either may be empty. `notices` is what the user must know of the broker before.
    """

    broker: str
    title: str
    environments: tuple[str, ...]
    keys: tuple[str, ...]
    consent: tuple[str, ...]
    notices: tuple[str, ...]


class ConsentBegun(BaseModel):
    """Where to send this browser; it comes back to /v1/oauth/callback within ten minutes.

    Shape: `notices` is what the user must know of the broker before.
    """

    authorize_url: str
    notices: tuple[str, ...]


class Tested(BaseModel):
    """What the broker said just now: the numbers of its accounts, or the fault."""

    connection: ConnectionView
    accounts: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionDesk:
    """The use cases behind the routes; `test` logs in and lists the accounts."""

    connections: Connections
    consents: Consents
    test: Callable[[Connection], Awaitable[Sequence[BrokerAccount]]]

    def spec(self, broker: str) -> BrokerSpec:
        """Find a broker by name.

        Raises: InvalidInput.
        """
        specs = self.consents.specs
        if broker not in specs:
            raise InvalidInput(f"there is no broker {broker!r}", expected=sorted(specs))
        return specs[broker]

    def view(self, connection: Connection) -> ConnectionView:
        """Leave out what nobody may see."""
        spec = self.spec(connection.broker)
        shown = connection.model_dump(include=set(ConnectionView.model_fields))
        return ConnectionView(title=spec.title, notices=spec.notices, **shown)


def connections_router(desk: ConnectionDesk, identify: Identify, *, secure: bool) -> APIRouter:
    """Make the routes; `secure` keeps the session's cookie to HTTPS."""
    router = APIRouter()
    _add_brokers(router, desk)
    _add_connecting(router, desk, identify, secure=secure)
    _add_callback(router, desk)
    _add_care(router, desk, identify)
    return router


def _add_brokers(router: APIRouter, desk: ConnectionDesk) -> None:
    # Nothing of any user is in it, so nobody is asked who they are.
    @router.get("/v1/brokers")
    async def brokers() -> Items[BrokerView]:
        """The brokers that can be connected."""
        specs = sorted(desk.consents.specs.values(), key=lambda spec: spec.title)
        return Items(items=[_broker(spec) for spec in specs])


def _add_connecting(
    router: APIRouter, desk: ConnectionDesk, identify: Identify, *, secure: bool
) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type

    def bind(request: Request, response: Response) -> str:
        response.status_code = 202
        return _bind(request, response, desk.connections.entropy, secure=secure)

    @router.post("/v1/connections", status_code=201)
    async def connect(
        user: User,
        request: Request,
        response: Response,
        asked: Annotated[KeysLogin | BrowserLogin, Body(discriminator="auth")],
    ) -> ConnectionView | ConsentBegun:
        """Connect with keys (201), or begin a consent in this browser (202)."""
        spec, environment, label = desk.spec(asked.broker), asked.environment, asked.label
        if isinstance(asked, BrowserLogin):
            session = bind(request, response)
            address = await desk.consents.begin(user, spec, environment, label, session)
            return ConsentBegun(authorize_url=address, notices=spec.notices)
        shown = {name: value.get_secret_value() for name, value in asked.credentials.items()}
        made = await desk.connections.create(user, spec, environment, label, "api_key", shown)
        return desk.view(made)

    @router.post("/v1/connections/{connection_id}/consent", status_code=202)
    async def consent_again(
        user: User, request: Request, response: Response, connection_id: ConnectionId
    ) -> ConsentBegun:
        """Begin anew the consent behind a connection, which stays what it is."""
        connection = await desk.connections.get(user, connection_id)
        session = bind(request, response)
        address = await desk.consents.begin_again(connection, session)
        return ConsentBegun(authorize_url=address, notices=desk.spec(connection.broker).notices)


def _broker(spec: BrokerSpec) -> BrokerView:
    keys = spec.auth.get("api_key")
    offered = spec.oauth.environments or tuple(spec.hosts) if spec.oauth else ()
    return BrokerView(
        broker=spec.name,
        title=spec.title,
        environments=tuple(spec.hosts),
        keys=keys.fields if keys else (),
        consent=offered,
        notices=spec.notices,
    )


def _bind(request: Request, response: Response, entropy: Entropy, *, secure: bool) -> str:
    """Name the browser session, and keep the name in the browser."""
    known = request.cookies.get(SESSION_COOKIE, "")
    session = known if _SESSION.fullmatch(known) else entropy.token()
    response.set_cookie(
        SESSION_COOKIE, session, path="/v1", secure=secure, httponly=True, samesite="lax"
    )
    return session


def _add_callback(router: APIRouter, desk: ConnectionDesk) -> None:
    # Who comes back needs no other proof than the session that an identified user began.
    @router.get("/v1/oauth/callback", status_code=303, response_class=RedirectResponse)
    async def callback(
        request: Request,
        state: Annotated[str, Query(max_length=200)] = "",
        code: Annotated[str, Query(max_length=4000)] = "",
    ) -> Response:
        """Finish a consent; the broker sends the browser here."""
        session = request.cookies.get(SESSION_COOKIE, "")
        try:
            await desk.consents.finish(state, code, session)
        except (InvalidInput, NotFound):
            raise
        except PermanentError as error:
            _log.warning("consent.failed", exc_info=error)
            return problem(502, "consent-failed", str(error))
        return RedirectResponse("/", status_code=303)  # takes the code out of the address bar


def _add_care(router: APIRouter, desk: ConnectionDesk, identify: Identify) -> None:
    User = Annotated[UserId, Depends(identify)]  # noqa: N806 - a type
    lifecycle = Lifecycle(desk.connections)

    @router.get("/v1/connections")
    async def connections(user: User) -> Items[ConnectionView]:
        """The user's connections and how they are."""
        return Items(items=[desk.view(one) for one in await desk.connections.list(user)])

    @router.patch("/v1/connections/{connection_id}")
    async def change(user: User, connection_id: ConnectionId, changes: Changes) -> ConnectionView:
        """Rename, pause or resume a connection."""
        if changes.label is not None:
            await lifecycle.rename(user, connection_id, changes.label)
        if changes.paused is not None:
            turn = lifecycle.pause if changes.paused else lifecycle.resume
            await turn(user, connection_id)
        return desk.view(await desk.connections.get(user, connection_id))

    @router.delete("/v1/connections/{connection_id}", status_code=204)
    async def delete(
        user: User,
        connection_id: ConnectionId,
        *,
        journal: Annotated[bool, Query(description="also what only it has brought")] = False,
    ) -> None:
        """Remove a connection with its secrets; the journal stays unless it is asked for."""
        await lifecycle.delete(user, connection_id, journal=journal)

    @router.post("/v1/connections/{connection_id}/test")
    async def test(user: User, connection_id: ConnectionId) -> Tested:
        """Log in at the broker now and list its accounts; nothing is read or moved."""
        found, fault = await _tested(desk, await desk.connections.get(user, connection_id))
        now = desk.view(await desk.connections.get(user, connection_id))
        return Tested(connection=now, accounts=tuple(one.number for one in found), fault=fault)


async def _tested(
    desk: ConnectionDesk, connection: Connection
) -> tuple[Sequence[BrokerAccount], str | None]:
    try:
        return await desk.test(connection), None
    except NotFound:
        raise
    except (PermanentError, RateLimited, UpstreamUnavailable) as error:
        return (), str(error)
