"""`daybias runs`: what each sync of an account brought, and what it took."""

from typing import Annotated

import typer
from rich.table import Table

from shared.cli.terminal import at_desk, find_account, out, table
from shared.domain.sync.service_level import imbalance
from shared.domain.time import from_micros, iso
from shared.http.identity import LOCAL_USER as USER
from shared.journal.queries import Window
from shared.ports import Body
from shared.wiring.roots.desk import Desk

_COUNTS = ("rows", "new", "same", "revised", "superseded", "unread", "quarantined")
_SIZES = ("pages", "requests")
_COLUMNS = ("run", "began", "outcome", "state", *_COUNTS, *_SIZES, "waited", "took", "why")


def runs(
    account: Annotated[str, typer.Option(help="its number or key")],
    limit: Annotated[int, typer.Option(min=1, max=500, help="how many, the newest first")] = 20,
) -> None:
    """List an account's runs: what each brought, what became of it, and what it took."""

    async def work(desk: Desk) -> None:
        found = await find_account(desk, account)
        shown = table(f"Runs: {found.broker} {found.account_number}", *_COLUMNS)
        window = Window(limit=limit)
        for run in (await desk.queries.runs(USER, found.account_key, window)).items:
            _add(shown, run)
        out.print(shown)

    at_desk(work)


def _add(shown: Table, run: Body) -> None:
    counts = [str(run[name]) for name in (*_COUNTS, *_SIZES)]
    # runs of an earlier version have no outcome and no times
    times = [_seconds(run[name]) if name in run else "-" for name in ("waited_ms", "duration_ms")]
    began, why = iso(from_micros(run["started_us"])), run["reason"] or imbalance(run)
    outcome = run.get("outcome", "-")
    shown.add_row(str(run["run"]), began, outcome, run["state"], *counts, *times, why)


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s"
