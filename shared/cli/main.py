"""The command line; credentials come from a prompt or the environment, never from an argument."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from shared import VERSION
from shared.bias.serving.service import Served
from shared.brokers.engine.saved import (
    Saved,
    SavedRow,
    decode_saved,
    history_of,
    read_saved,
    saved_json,
)
from shared.cli import screens
from shared.cli.connections import consenting
from shared.cli.connections.logins import connections
from shared.cli.doctor import doctor
from shared.cli.forecasts.backtest import backtest
from shared.cli.forecasts.scorecard import scorecard
from shared.cli.journal import exchange, recovery, rereading, watching
from shared.cli.journal.accounts import accounts
from shared.cli.journal.futures import futures
from shared.cli.journal.notes import notes
from shared.cli.journal.performance import performance, rules
from shared.cli.journal.quarantine import quarantine
from shared.cli.journal.reconciling import discrepancies, reconcile
from shared.cli.journal.runs import runs
from shared.cli.models.costs import costs
from shared.cli.models.experiments import experiments
from shared.cli.models.prompts import prompts
from shared.cli.models.ratings import rate
from shared.cli.retrieval import retrieval
from shared.cli.terminal import at_desk, err, failing_aloud, out
from shared.config import read_credential
from shared.domain.errors import DaybiasError
from shared.http.identity import LOCAL_USER as USER
from shared.wiring.brokers import SPECS
from shared.wiring.roots.desk import Desk


class Login(StrEnum):
    """Ways of showing a login."""

    KEY = "api_key"
    OAUTH = "oauth"


app = typer.Typer(no_args_is_help=True, help="Fills in one journal; a bias grounded in numbers.")
app.add_typer(connections, name="connections")
app.add_typer(accounts, name="accounts")
app.add_typer(futures, name="futures")
app.add_typer(discrepancies, name="discrepancies")
app.add_typer(notes, name="notes")
app.command()(reconcile)
app.add_typer(rules, name="rules")
app.add_typer(retrieval, name="retrieval")
app.command()(performance)
app.add_typer(quarantine, name="quarantine")
connections.command()(consenting.register)
connections.command()(consenting.consent)
app.command()(rereading.sync)
app.command()(rereading.resync)
app.command("import")(exchange.import_)
app.command()(exchange.export)
app.command()(runs)
for command in recovery.COMMANDS:
    app.command()(command)
app.command()(watching.watch)
app.command()(backtest)
app.add_typer(prompts, name="prompts")
app.command()(costs)
app.command()(rate)
app.command()(experiments)
app.command()(doctor)
app.add_typer(scorecard, name="scorecard")


@app.command()
def version() -> None:
    """Say which version this is."""
    out.print(VERSION)


@app.command()
def bias(
    symbol: Annotated[str | None, typer.Argument(help="one of the 21; all without")] = None,
    with_calls: Annotated[
        bool, typer.Option("--prompts", help="what models were asked for it, and what they said")
    ] = False,
) -> None:
    """Show the bias of one instrument, or the board of all."""

    async def work(desk: Desk) -> None:
        await desk.market.refresh()
        if symbol is None:
            out.print(screens.board(await desk.biases.board(patient=True)))
        else:
            served = await desk.biases.bias(symbol, patient=True)
            out.print(screens.answer(served))
            if with_calls and isinstance(served, Served):
                for call in await desk.model_calls.behind(served.bias.snapshot_hash):
                    out.print(json.dumps(call, indent=2, ensure_ascii=False), soft_wrap=True)

    at_desk(work)


@app.command()
def journal() -> None:
    """Show figures, positions and how they compare with the broker's."""

    async def work(desk: Desk) -> None:
        out.print(screens.figures(await desk.queries.summary(USER)))
        out.print(screens.positions(await desk.queries.positions(USER)))
        accounts = await desk.queries.accounts(USER)
        out.print(screens.agreement(await desk.queries.reconciliations(USER), accounts))

    at_desk(work)


@app.command()
def parse(  # noqa: PLR0913, PLR0917 - the options of a command
    broker: Annotated[str, typer.Argument(help=", ".join(SPECS))],
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="a saved answer, row or report")
    ],
    endpoint: Annotated[str | None, typer.Option(help="which of its histories or reports")] = None,
    account: Annotated[str, typer.Option(help="the account, where rows do not name it")] = "",
    currency: Annotated[str, typer.Option(help="the account's currency")] = "USD",
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
) -> None:
    """Show what a broker's saved payload would become; nothing is stored."""
    spec = SPECS.get(broker)
    if spec is None:
        raise typer.BadParameter(f"known brokers: {', '.join(SPECS)}")
    data = file.read_bytes()
    with failing_aloud():
        history = history_of(spec, endpoint)
    try:
        body = decode_saved(spec, history, data)
    except (DaybiasError, ValueError, RecursionError) as error:
        told = str(error) if isinstance(error, DaybiasError) else f"not an answer of {spec.title}"
        err.print(f"{file}: {told}")
        if as_json:
            whole = SavedRow(told, data.decode(errors="backslashreplace"))
            typer.echo(json.dumps(saved_json(Saved(unparseable=[whole])), indent=2))
        raise typer.Exit(1) from error
    saved = read_saved(history, body, account_id=account, currency=currency)
    if as_json:
        typer.echo(json.dumps(saved_json(saved), default=str, indent=2))
    else:
        out.print(screens.saved(saved))


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
    scheme = spec.auth[login]
    for notice in spec.notices:
        out.print(notice, style="yellow")
    asked = {field: _credential(broker, field) for field in scheme.fields}
    left_out = {field: _credential(broker, field, default="") for field in scheme.optional}
    credentials = {**asked, **{field: given for field, given in left_out.items() if given}}

    async def work(desk: Desk) -> None:
        name = label or f"{spec.title} {environment}"
        made = await desk.connections.create(
            USER, spec, environment, name, login.value, credentials
        )
        out.print(f"{made.label}: {made.connection_id}")

    at_desk(work)


def _credential(broker: str, field: str, default: str | None = None) -> str:
    found = read_credential(broker, field)
    if found:
        return found
    text = field if default is None else f"{field} (optional)"
    given: str = typer.prompt(text, default=default, hide_input=True, show_default=False)
    return given


@connections.command("list")
def list_all() -> None:
    """List the logins and how they are."""
    out.print(screens.connections(at_desk(lambda desk: desk.connections.list(USER))))


if __name__ == "__main__":
    app()
