"""`daybias notes`: what you say of your trades, and which of them count."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from shared.cli.terminal import at_desk, checked, out, table
from shared.domain.annotation import Annotation, Plan, Subject
from shared.domain.ids import RowKey
from shared.domain.money import decimal_text, parse_decimal
from shared.http.identity import LOCAL_USER as USER
from shared.journal.annotations.store import Annotated as Note
from shared.wiring.roots.desk import Desk

notes = typer.Typer(help="Notes, tags, plans, ratings and exclusions of trades.")

_Row = Annotated[str, typer.Argument(help="the key of a round trip or execution; `daybias export`")]
_Fill = Annotated[bool, typer.Option("--execution", help="the fill itself, not its round trip")]


@notes.callback(invoke_without_command=True)
def list_all(context: typer.Context) -> None:
    """List all that you say."""
    if context.invoked_subcommand is None:
        out.print(_table(at_desk(lambda desk: desk.annotations.all(USER))))


@notes.command()
def say(  # noqa: PLR0913, PLR0917 - the options of a command
    row: _Row,
    note: Annotated[str | None, typer.Option(help="free text")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="may be given several times")] = None,
    rating: Annotated[int | None, typer.Option(min=1, max=5)] = None,
    stop: Annotated[str | None, typer.Option(help="planned stop, a price")] = None,
    target: Annotated[str | None, typer.Option(help="planned target, a price")] = None,
    risk: Annotated[str | None, typer.Option(help="planned risk, money")] = None,
    execution: _Fill = False,
) -> None:
    """Say something of a trade; what an option does not name stays as it was."""
    subject = _subject(execution)

    async def work(desk: Desk) -> None:
        before = await desk.annotations.of(USER, subject, RowKey(row))
        planned = {"stop": stop, "target": target, "risk": risk}
        plan = before.plan.model_dump() | {
            name: parse_decimal(text, name) for name, text in planned.items() if text is not None
        }
        stated = {"note": note, "tags": tag, "rating": rating}
        news = {name: value for name, value in stated.items() if value is not None}
        said = checked(Annotation, {**before.model_dump(), "plan": plan, **news})
        told = await desk.annotations.say(USER, subject, RowKey(row), said)
        await desk.settle()
        out.print(_table([told]))

    at_desk(work)


@notes.command()
def clear(row: _Row, execution: _Fill = False) -> None:
    """Take back all that was said of a trade, an exclusion too."""
    subject = _subject(execution)

    async def work(desk: Desk) -> None:
        await desk.annotations.say(USER, subject, RowKey(row), Annotation())
        await desk.settle()

    at_desk(work)


@notes.command()
def exclude(
    row: _Row,
    reason: Annotated[str, typer.Option(help="why it counts for nothing")],
    execution: _Fill = False,
) -> None:
    """Leave a trade out of all figures; `include` takes it back."""
    _exclude(row, reason, _subject(execution))


@notes.command()
def include(row: _Row, execution: _Fill = False) -> None:
    """Let a trade that was excluded count again."""
    _exclude(row, None, _subject(execution))


def _exclude(row: str, reason: str | None, subject: Subject) -> None:
    async def work(desk: Desk) -> None:
        done = await desk.annotations.exclude(USER, subject, RowKey(row), reason)
        await desk.settle()
        out.print(_table([done]))

    at_desk(work)


def _subject(execution: bool) -> Subject:
    return Subject.EXECUTION if execution else Subject.ROUND_TRIP


def _table(found: Sequence[Note]) -> Table:
    shown = table("Said of trades", "row", "of", "tags", "rating", "plan", "excluded", "note")
    for one in found:
        said = one.said
        excluded = said.exclusion.reason if said.exclusion else ""
        cells = (", ".join(said.tags), str(said.rating or ""), _plan(said.plan), excluded)
        shown.add_row(one.anchor, one.subject.value, *cells, said.note)
    return shown


def _plan(plan: Plan) -> str:
    parts = {"stop": plan.stop, "target": plan.target, "risk": plan.risk}
    return ", ".join(f"{name} {decimal_text(value)}" for name, value in parts.items() if value)
