"""`daybias connections`: what a person does with a login once it is there."""

from typing import Annotated

import typer

from shared.cli.terminal import at_desk, find_connection, out, table
from shared.domain.time import from_micros, iso
from shared.http.identity import LOCAL_USER as USER
from shared.journal.upkeep.history import read_history
from shared.wiring.roots.desk import Desk

connections = typer.Typer(no_args_is_help=True, help="Logins at brokers.")
_Name = Annotated[str, typer.Argument(help="its label, or its id")]


@connections.command("test")
def try_out(name: _Name) -> None:
    """Log in now and list the accounts; nothing is fetched."""

    async def work(desk: Desk) -> None:
        found = await find_connection(desk, name)
        accounts = await desk.syncing(found.broker).test(USER, found.connection_id)
        out.print(f"{found.label}: the login works; it reaches {len(accounts)} accounts")
        for one in accounts:
            out.print(f"  {one.number} {one.currency}".rstrip())

    at_desk(work)


@connections.command()
def history(name: _Name) -> None:
    """Show every state that a login was in, and what each sync of its accounts came to."""

    async def work(desk: Desk) -> None:
        found = await find_connection(desk, name)
        read = await read_history(desk.connections, desk.queries, USER, found.connection_id)
        states = table(f"States: {found.label}", "since", "until", "state", "reason")
        for past in found.past:
            states.add_row(iso(past.since), iso(past.until), past.state.value, past.reason)
        now = found.health
        states.add_row(iso(now.since), "now", now.state.value, now.reason)
        syncs = table("Syncs, newest first", "began", "run", "state", "rows", "new", "why")
        for run in read.runs:
            began, counts = iso(from_micros(run["started_us"])), (run["rows"], run["new"])
            syncs.add_row(began, str(run["run"]), run["state"], *map(str, counts), run["reason"])
        out.print(states)
        out.print(syncs)

    at_desk(work)


@connections.command()
def rename(name: _Name, label: Annotated[str, typer.Argument(help="its new label")]) -> None:
    """Give a login another label."""

    async def work(desk: Desk) -> None:
        found = await find_connection(desk, name)
        renamed = await desk.lifecycle.rename(USER, found.connection_id, label)
        out.print(f"{found.label} is called {renamed.label} now")

    at_desk(work)


@connections.command()
def pause(name: _Name) -> None:
    """Ask the broker nothing until the login is resumed."""

    async def work(desk: Desk) -> None:
        found = await find_connection(desk, name)
        paused = await desk.lifecycle.pause(USER, found.connection_id)
        out.print(f"{paused.label}: {paused.health.state.value}")

    at_desk(work)


@connections.command()
def resume(name: _Name) -> None:
    """Let a paused login be synchronized again."""

    async def work(desk: Desk) -> None:
        found = await find_connection(desk, name)
        resumed = await desk.lifecycle.resume(USER, found.connection_id)
        out.print(f"{resumed.label}: {resumed.health.state.value}")

    at_desk(work)


@connections.command()
def delete(
    name: _Name,
    journal: Annotated[
        bool, typer.Option("--journal", help="also what only this login has brought")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Remove a login and its secrets; the journal stays, unless --journal."""

    async def work(desk: Desk) -> None:
        found = await find_connection(desk, name)
        what = f"{found.label} and its secrets" + (", and its journal" if journal else "")
        if not yes:
            typer.confirm(f"Delete {what}?", abort=True)
        await desk.lifecycle.delete(USER, found.connection_id, journal=journal)
        out.print(f"deleted {what}")

    at_desk(work)
