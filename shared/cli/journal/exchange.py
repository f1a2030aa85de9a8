"""`daybias import` and `daybias export`: files in, files out."""

import sys
from collections import Counter
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.table import Table

from shared.cli.terminal import at_desk, find_account, out, table
from shared.domain.errors import InvalidInput
from shared.http.identity import LOCAL_USER as USER
from shared.journal.exports import Form, Kind
from shared.journal.imports.importing import ImportReport
from shared.journal.imports.mapping import load_mapping
from shared.journal.storing.log import Outcome
from shared.wiring.roots.desk import Desk

_DAY = ["%Y-%m-%d"]
_FILE = typer.Argument(exists=True, dir_okay=False, help="a CSV file")


def import_(  # noqa: PLR0913, PLR0917 - the options of a command
    file: Annotated[Path, _FILE],
    mapping: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="its form, as TOML")
    ] = None,
    report: Annotated[
        str | None, typer.Option(help="a broker's own report instead: tradovate:fills_report")
    ] = None,
    whole_from: Annotated[
        datetime | None, typer.Option(formats=_DAY, help="first day for which a report is whole")
    ] = None,
    whole_to: Annotated[datetime | None, typer.Option(formats=_DAY, help="and the last")] = None,
    preview: Annotated[bool, typer.Option("--preview", help="only tell what would come")] = False,
    keep_bad: Annotated[
        bool, typer.Option("--keep-bad", help="bad lines go to quarantine, the rest goes on")
    ] = False,
) -> None:
    """Bring executions from a CSV file into an account of their own; docs/guides/import.md."""
    if (mapping is None) == (report is None):
        raise typer.BadParameter("say either --mapping or --report")
    if (whole_from is None) != (whole_to is None):
        raise typer.BadParameter("say both --whole-from and --whole-to, or neither")
    if mapping is None:
        days = None if whole_from is None or whole_to is None else (whole_from, whole_to)
        at_desk(lambda desk: _report(desk, file, report or "", days, preview=preview))
        return

    async def work(desk: Desk) -> None:
        form, text = load_mapping(_text(mapping)), _text(file)
        if preview:
            report = await desk.imports.preview(USER, form, text)
        else:
            report = await desk.imports.run(USER, form, text, keep_bad=keep_bad)
            await desk.settle()
        _show(report, stored=not preview)

    at_desk(work)


async def _report(
    desk: Desk, file: Path, name: str, days: tuple[datetime, datetime] | None, *, preview: bool
) -> None:
    broker, _, report = name.partition(":")
    covers = None if days is None else (days[0].date(), days[1].date())
    told = await desk.reports.run(
        USER, broker, report, file.read_bytes(), covers=covers, preview=preview
    )
    await desk.settle()
    for one in told:
        _show(one, stored=not preview)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8; save it as UTF-8 first") from error


def _show(report: ImportReport, *, stored: bool) -> None:
    total: Counter[Outcome] = sum(report.difference.values(), Counter())
    counts = ", ".join(f"{total[name]} {name.value}" for name in _COMPARED)
    verb = "Imported" if stored else "Preview, nothing was stored"
    out.print(f"{verb}: {report.lines} lines, {report.rows} executions ({counts}).")
    if report.bad:
        out.print(_bad(report))


_COMPARED = (Outcome.NEW, Outcome.REVISED, Outcome.SAME)


def _bad(report: ImportReport) -> Table:
    shown = table("Lines that cannot be read", "line", "reason")
    for bad in report.bad:
        shown.add_row(str(bad.line), bad.reason)
    return shown


def export(
    kind: Annotated[Kind, typer.Argument(help="what")],
    form: Annotated[Form, typer.Option("--format", help="how")] = Form.CSV,
    file: Annotated[Path | None, typer.Option("--to", help="a file; without one: print")] = None,
    account: Annotated[str | None, typer.Option(help="its number or key; all without")] = None,
) -> None:
    """Write executions, account events, round trips or days, every digit of them."""

    async def work(desk: Desk) -> int:
        key = None if account is None else (await find_account(desk, account)).account_key
        count = 0
        # opened once everything is known to be right: a mistake must not empty an older file
        with nullcontext(sys.stdout) if file is None else _opened(file) as onto:
            async for line in desk.exports.lines(USER, kind, form, key):
                onto.write(line)
                count += 1
        return count

    count = at_desk(work)
    if file is not None:
        out.print(f"{count} lines in {file}")


def _opened(file: Path) -> TextIO:
    return file.open("w", encoding="utf-8", newline="")
