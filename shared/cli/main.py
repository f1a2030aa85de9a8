"""The command line; credentials come from a prompt or the environment, never from an argument."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from shared import VERSION
from shared.brokers.engine.saved import history_of, read_saved, saved_json
from shared.cli import screens
from shared.config import read_credential
from shared.domain.errors import DaybiasError
from shared.domain.money import loads_exact
from shared.http.identity import LOCAL_USER as USER
from shared.wiring.brokers import SPECS
from shared.wiring.desk import Desk, open_desk


class Login(StrEnum):
    """Ways of showing a login."""

    KEY = "api_key"
    OAUTH = "oauth"


app = typer.Typer(no_args_is_help=True, help="Fills in one journal; a bias grounded in numbers.")
connections = typer.Typer(no_args_is_help=True, help="Logins at brokers.")
app.add_typer(connections, name="connections")
_PIPED_WIDTH = 140  # a pipe has no width; a state must not be cut to 80 columns
_out = Console()
if not _out.is_terminal:
    _out.width = _PIPED_WIDTH
_err = Console(stderr=True)
_T = TypeVar("_T")


def _at_desk(work: Callable[[Desk], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        async with open_desk() as desk:
            return await work(desk)

    try:
        return asyncio.run(run())
    except DaybiasError as error:
        _err.print(str(error), style="red")
        raise typer.Exit(1) from error


@app.command()
def version() -> None:
    """Say which version this is."""
    _out.print(VERSION)


@app.command()
def bias(
    symbol: Annotated[str | None, typer.Argument(help="one of the 21; all without")] = None,
) -> None:
    """Show the bias of one instrument, or the board of all."""

    async def work(desk: Desk) -> None:
        await desk.market.refresh()
        if symbol is None:
            _out.print(screens.board(await desk.biases.board()))
        else:
            _out.print(screens.answer(await desk.biases.bias(symbol)))

    _at_desk(work)


@app.command()
def journal() -> None:
    """Show figures, positions and how they compare with the broker's."""

    async def work(desk: Desk) -> None:
        _out.print(screens.figures(await desk.queries.summary(USER)))
        _out.print(screens.positions(await desk.queries.positions(USER)))
        accounts = await desk.queries.accounts(USER)
        _out.print(screens.agreement(await desk.queries.reconciliations(USER), accounts))

    _at_desk(work)


@app.command()
def sync() -> None:
    """Fetch what is due, store it, rebuild what changed, compare with the brokers."""

    async def work(desk: Desk) -> None:
        for broker in SPECS:
            _out.print(screens.synced(broker, await desk.sync(broker)))
        compared = await desk.reconcile.sweep(USER)
        _out.print(screens.agreement(compared, await desk.queries.accounts(USER)))

    _at_desk(work)


@app.command()
def parse(  # noqa: PLR0913, PLR0917 - the options of a command
    broker: Annotated[str, typer.Argument(help=", ".join(SPECS))],
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="a saved answer or row")
    ],
    endpoint: Annotated[str | None, typer.Option(help="which of the broker's histories")] = None,
    account: Annotated[str, typer.Option(help="the account, where rows do not name it")] = "",
    currency: Annotated[str, typer.Option(help="the account's currency")] = "USD",
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Show what a broker's saved payload would become; nothing is stored."""
    spec = SPECS.get(broker)
    if spec is None:
        raise typer.BadParameter(f"known brokers: {', '.join(SPECS)}")
    try:
        body = loads_exact(file.read_bytes())
        history = history_of(spec, endpoint)
    except (DaybiasError, ValueError, RecursionError) as error:
        _err.print(str(error) if isinstance(error, DaybiasError) else f"{file}: not JSON")
        raise typer.Exit(1) from error
    saved = read_saved(history, body, account_id=account, currency=currency)
    if as_json:
        typer.echo(json.dumps(saved_json(saved), default=str, indent=2))
    else:
        _out.print(screens.saved(saved))


@connections.command("add")
def add(
    broker: Annotated[str, typer.Argument(help=", ".join(SPECS))],
    environment: str = "paper",
    login: Annotated[Login, typer.Option(help="how the broker is shown who you are")] = Login.KEY,
    label: str = "",
) -> None:
    """Add a login; each credential is DAYBIAS_<BROKER>_<FIELD> or asked for, unseen."""
    spec = SPECS.get(broker)
    if spec is None or login not in spec.auth:
        raise typer.BadParameter(f"known brokers: {', '.join(SPECS)}")
    credentials = {
        field: read_credential(broker, field) or typer.prompt(field, hide_input=True)
        for field in spec.auth[login].fields
    }

    async def work(desk: Desk) -> None:
        name = label or f"{spec.title} {environment}"
        made = await desk.connections.create(
            USER, spec, environment, name, login.value, credentials
        )
        _out.print(f"{made.label}: {made.connection_id}")

    _at_desk(work)


@connections.command("list")
def list_all() -> None:
    """List the logins and how they are."""
    _out.print(screens.connections(_at_desk(lambda desk: desk.connections.list(USER))))


if __name__ == "__main__":
    app()
