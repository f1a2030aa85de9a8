"""`daybias sync`, `daybias sync --dry-run` and `daybias resync`."""

from collections import Counter
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from shared.cli import screens
from shared.cli.terminal import at_desk, find_account, out, steps, table
from shared.domain.time import iso
from shared.http.identity import LOCAL_USER as USER
from shared.journal.storing.log import Outcome
from shared.journal.upkeep.difference import Difference
from shared.journal.upkeep.rehearsal import Rehearsal
from shared.wiring.brokers import SPECS
from shared.wiring.roots.desk import Desk

_COMPARED = (Outcome.NEW, Outcome.REVISED, Outcome.SAME)


def sync(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="fetch and compare; store and move nothing")
    ] = False,
) -> None:
    """Fetch what is due, store it, rebuild what changed, compare with the brokers."""
    at_desk(_rehearse if dry_run else _sync)


async def _sync(desk: Desk) -> None:
    for broker in steps(list(SPECS), "Syncing"):
        out.print(screens.synced(broker, await desk.sync(broker)))
    compared = await desk.reconcile.sweep(USER)
    out.print(screens.agreement(compared, await desk.queries.accounts(USER)))


async def _rehearse(desk: Desk) -> None:
    shown = table(
        "Dry run: nothing was stored",
        *("connection", "account", "rows", "new", "revised", "same", "unread", "ignored", "why"),
    )
    for connection in steps(await desk.connections.list(USER), "Fetching"):
        _add(shown, await desk.rehearse(connection))
    out.print(shown)


def _add(shown: Table, done: Rehearsal) -> None:
    for one in done.accounts:
        total: Counter[Outcome] = sum(one.difference.values(), Counter())
        counts = [one.rows, *(total[name] for name in _COMPARED), one.unread, one.ignored]
        shown.add_row(done.label, one.account_id, *map(str, counts), done.reason)
    if not done.accounts:
        shown.add_row(done.label, "-", *[""] * 6, done.reason)


def resync(
    account: Annotated[str, typer.Option(help="its number or key")],
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="the first day")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="the last day")],
) -> None:
    """Read days again and tell what the broker says now that the journal did not."""

    async def work(desk: Desk) -> None:
        found = await find_account(desk, account)
        done = await desk.resync.resync(USER, found.account_key, since.date(), until.date())
        await desk.settle()
        out.print(_compared(done.difference, f"{found.broker} {found.account_number}"))
        runs = ", ".join(map(str, done.runs))
        out.print(f"Read {iso(done.since)} to {iso(done.until)}; run {runs}; {done.unread} unread.")

    at_desk(work)


def _compared(difference: Difference, whose: str) -> Table:
    shown = table(f"Read again: {whose}", "day", *(name.value for name in _COMPARED))
    for day, counts in difference.items():
        shown.add_row(day.isoformat(), *(str(counts[name]) for name in _COMPARED))
    total: Counter[Outcome] = sum(difference.values(), Counter())
    shown.add_section()
    shown.add_row("all", *(str(total[name]) for name in _COMPARED))
    return shown
