"""`daybias retrieval backfill` and `forget`: what is in the index of texts."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from shared.bias.evidence.feeds import Feed
from shared.bias.evidence.ingestion import Ingestion
from shared.cli.terminal import at_desk, err, out, table
from shared.domain.errors import InvalidInput
from shared.domain.passage import PassageKind
from shared.wiring.roots.desk import Desk

_FIRST = datetime(2000, 1, 1, tzinfo=UTC)

Kinds = Annotated[
    list[PassageKind] | None, typer.Option("--kind", help="once for each; all without")
]


def backfill(
    kind: Kinds = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="known after; all without")
    ] = None,
) -> None:
    """Take in all that is stored and not in the index; cut off, it goes on where it was."""
    start = _FIRST if since is None else since.replace(tzinfo=UTC)

    async def work(desk: Desk) -> None:
        shown = table("Taken in", "source", "passages", "stories told before, left out")
        with _bar() as bar:
            for feed in _ingestion(desk).feeds:
                if feed.kind in (kind or PassageKind):
                    added, repeats = await _backfill(desk, feed, start, bar)
                    shown.add_row(feed.name, str(added), str(repeats))
        out.print(shown)

    at_desk(work)


def forget(
    days: Annotated[int, typer.Option("--older-than", min=1, help="days since it was known")],
    kind: Kinds = None,
) -> None:
    """Take old texts out of the index; what is stored stays, and a backfill brings it back."""

    async def work(desk: Desk) -> None:
        until = desk.foundation.clock.now() - timedelta(days=days)
        for one in kind or PassageKind:
            await _ingestion(desk).forget(one, until)
        out.print(f"forgotten: what was known by {until:%Y-%m-%d %H:%M} UTC")

    at_desk(work)


def _ingestion(desk: Desk) -> Ingestion:
    if desk.ingestion is None:
        raise InvalidInput("there is no index of texts: DAYBIAS_LOCAL_RETRIEVAL is false")
    return desk.ingestion


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


async def _backfill(desk: Desk, feed: Feed, since: datetime, bar: Progress) -> tuple[int, int]:
    """Take in one feed; the bar goes from the oldest that is stored to today."""
    task, now = bar.add_task(feed.name, total=None), desk.foundation.clock.now()
    added, repeats, oldest = 0, 0, None
    async for shelved in _ingestion(desk).backfill(feed, since):
        added, repeats = added + shelved.added, repeats + shelved.repeats
        oldest = oldest or shelved.until
        _advance(bar, task, shelved.until - oldest, now - oldest)
    bar.remove_task(task)
    return added, repeats


def _advance(bar: Progress, task: TaskID, done: timedelta, whole: timedelta) -> None:
    bar.update(task, completed=done.total_seconds(), total=max(1.0, whole.total_seconds()))
