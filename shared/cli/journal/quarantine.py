"""`daybias quarantine`: rows that could not be read, and another try."""

import json
from datetime import date
from typing import Annotated, Any

import typer

from shared.brokers.engine.saved import history_of
from shared.cli.terminal import at_desk, out, table
from shared.domain.errors import InvalidInput
from shared.domain.money import loads_exact
from shared.domain.time import from_micros
from shared.http.identity import LOCAL_USER as USER
from shared.journal.queries import Window
from shared.journal.upkeep.replay import Fate, read_unread
from shared.ports import Body
from shared.wiring.brokers import SPECS
from shared.wiring.roots.desk import Desk

quarantine = typer.Typer(help="Rows that could not be read: kept raw, to be read after a fix.")


@quarantine.callback(invoke_without_command=True)
def list_all(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="also the resolved ones")] = False,
) -> None:
    """List the rows that could not be read, newest first."""
    if context.invoked_subcommand is not None:
        return

    async def work(desk: Desk) -> None:
        numbers = {a.account_key: a.account_number for a in await desk.queries.accounts(USER)}
        shown = table("Quarantine", "id", "account", "endpoint", "day", "state", "reason")
        for row in await _every(desk):
            if everything or row["state"] == "open":
                account = f"{row['broker']} {numbers.get(row['account_key'], '(deleted)')}"
                day = _day(row).isoformat()
                shown.add_row(row["id"], account, row["endpoint"], day, row["state"], row["reason"])
        out.print(shown if shown.row_count else "Every row has been read.")

    at_desk(work)


@quarantine.command()
def show(entry: Annotated[str, typer.Argument(help="its id in the list")]) -> None:
    """Print a row as the broker gave it."""

    async def work(desk: Desk) -> None:
        found = await read_unread(desk.documents, USER, entry)
        typer.echo(json.dumps(json.loads(found.body["raw"]), indent=2, ensure_ascii=False))

    at_desk(work)


@quarantine.command()
def replay(
    entry: Annotated[str | None, typer.Argument(help="its id in the list")] = None,
    everything: Annotated[bool, typer.Option("--all", help="every open row")] = False,
) -> None:
    """Read rows once more with today's parser, and store those that can be read now."""
    if (entry is None) is not everything:
        raise typer.BadParameter("name one row, or say --all")

    async def work(desk: Desk) -> None:
        done = await desk.replay.replay(USER, entry)
        await desk.settle()
        shown = table("Replayed", "id", "outcome", "why")
        for one in done:
            shown.add_row(one.entry_id, one.fate.value, one.reason)
        out.print(shown if done else "Nothing is open.")
        if any(one.fate is Fate.READ for one in done):
            out.print("Their days count as read again after: daybias resync")

    at_desk(work)


async def _every(desk: Desk) -> list[Body]:
    rows: list[Body] = []
    cursor: str | None = None
    while True:
        page = await desk.queries.quarantine(USER, None, Window(cursor=cursor))
        rows += page.items
        cursor = page.cursor
        if cursor is None:
            return rows


def _day(row: Body) -> date:
    """Tell the day that a row belongs to; the day on which we met it where it does not say."""
    booked: date | None = None
    try:
        raw: Any = loads_exact(row["raw"])
        booked = history_of(SPECS[row["broker"]], row["endpoint"]).booked_on(raw)
    except (InvalidInput, KeyError):
        pass  # of a broker or a history that is gone
    return booked or from_micros(row["at_us"]).date()
