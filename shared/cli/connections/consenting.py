"""`daybias connections consent`: OAuth 2.0 from a terminal, with the browser of this machine."""

import asyncio
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import typer
from pydantic import SecretStr, ValidationError

from shared.brokers.spec import BrokerSpec
from shared.cli.connections.returns import Return, is_listenable, listening, read_return
from shared.cli.terminal import at_desk, find_connection, out
from shared.config import read_credential
from shared.domain.errors import ConfigError, InvalidInput
from shared.http.identity import LOCAL_USER as USER
from shared.journal.connect.application import Application, read_application, write_application
from shared.ports import Secrets
from shared.wiring.brokers import SPECS
from shared.wiring.roots.desk import Desk

_LIFE_S = 600.0  # as long as a state is good
OFFERED = {name: spec for name, spec in SPECS.items() if spec.oauth is not None}
_Broker = Annotated[str, typer.Argument(help=", ".join(OFFERED))]


def _offered(broker: str) -> BrokerSpec:
    if broker not in OFFERED:
        raise typer.BadParameter(f"brokers that offer a consent: {', '.join(OFFERED)}")
    return OFFERED[broker]


def register(
    broker: _Broker,
    redirect_uri: Annotated[
        str, typer.Option(help="as registered at the broker; its usual one without")
    ] = "",
) -> None:
    """Tell this machine how a broker knows your application; it is asked for unseen."""
    spec = _offered(broker)

    async def work(desk: Desk) -> None:
        await _register(desk.foundation.secrets, spec, redirect_uri)

    at_desk(work)


async def _register(secrets: Secrets, spec: BrokerSpec, redirect_uri: str = "") -> Application:
    """Ask for the registration and keep it.

    Raises: InvalidInput for what cannot be one.
    """
    assert spec.oauth is not None  # noqa: S101 - OFFERED has no other
    given = redirect_uri or spec.oauth.own_callback
    client_id, secret = (
        read_credential(spec.name, name) or typer.prompt(f"{spec.title}: {name}", hide_input=True)
        for name in ("client_id", "client_secret")
    )
    try:
        application = Application(
            client_id=client_id, client_secret=SecretStr(secret), redirect_uri=given
        )
    except ValidationError as error:  # whose text could show the secret
        fields = ", ".join(str(fault["loc"][0]) for fault in error.errors())
        raise InvalidInput(f"this cannot be a registration: look at {fields}") from None
    await write_application(secrets, spec, application)
    out.print(f"{spec.title} knows this machine's application; it sends browsers to {given}")
    return application


def consent(  # noqa: PLR0913, PLR0917 - the options of a command
    broker: _Broker,
    environment: Annotated[str, typer.Option(help="its first one without")] = "",
    label: str = "",
    again: Annotated[str, typer.Option(help="label or id of a connection to sign in again")] = "",
    browser: Annotated[bool, typer.Option(help="open the address in a browser")] = True,
    paste: Annotated[
        bool, typer.Option("--paste", help="listen nowhere; ask for the address")
    ] = False,
) -> None:
    """Connect, or sign in again, by a consent in the browser; waits for its return."""
    spec = _offered(broker)

    async def work(desk: Desk) -> None:
        application = await _application(desk, spec)
        session = desk.foundation.entropy.token()  # this command is the browser session
        consents = desk.consents()
        if again:
            known = await find_connection(desk, again)
            address = await consents.begin_again(known, session)
        else:
            place = environment or _first_environment(spec)
            name = label or f"{spec.title} {place}"
            address = await consents.begin(USER, spec, place, name, session)
        for notice in spec.notices:
            out.print(notice, style="yellow")
        returned = await _returned(address, application.redirect_uri, browser=browser, paste=paste)
        made = await consents.finish(returned.state, returned.code, session)
        out.print(f"{made.label}: {made.connection_id}; it is read by: daybias sync")

    at_desk(work)


async def _application(desk: Desk, spec: BrokerSpec) -> Application:
    try:
        return await read_application(desk.foundation.secrets, spec)
    except ConfigError:
        out.print(f"{spec.title} does not know this machine's application yet.")
        return await _register(desk.foundation.secrets, spec)


def _first_environment(spec: BrokerSpec) -> str:
    offered = spec.oauth.environments if spec.oauth else ()
    return next(iter(offered or spec.hosts))


async def _returned(address: str, redirect_uri: str, *, browser: bool, paste: bool) -> Return:
    """Send the user to the broker and wait for the return.

    Raises: InvalidInput when it does not come in ten minutes, or is not this consent's.
    """
    state = parse_qs(urlsplit(address).query)["state"][0]
    out.print("Consent here:", style="bold")
    typer.echo(address)  # unwrapped, to be copied
    if paste or not is_listenable(redirect_uri):
        _open(address, browser=browser)
        return _pasted(redirect_uri, state)
    try:
        async with listening(redirect_uri, state) as found:
            _open(address, browser=browser)
            out.print(f"Waiting for the browser at {redirect_uri} (ten minutes at most)")
            return await asyncio.wait_for(found, _LIFE_S)
    except OSError:
        out.print(f"Another program listens at {redirect_uri}; is it `make serve`?")
        return _pasted(redirect_uri, state)
    except TimeoutError:
        raise InvalidInput("no consent came back in ten minutes; begin again") from None


def _open(address: str, *, browser: bool) -> None:
    if browser:
        typer.launch(address)


def _pasted(redirect_uri: str, state: str) -> Return:
    out.print(
        f"Afterwards the browser shows a page at {redirect_uri} that it cannot open: that is right."
        " Copy its whole address from the address bar, soon: its code may live half a minute."
    )
    returned = read_return(typer.prompt("the address", hide_input=True))
    if returned is None or returned.state != state:
        raise InvalidInput("this is not the address that this consent came back to; begin again")
    return returned
