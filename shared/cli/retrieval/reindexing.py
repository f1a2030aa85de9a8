"""`daybias retrieval reindex`: to the configured embedder's collections, while others read."""

import asyncio
from functools import partial
from typing import Annotated

import typer
from rich.progress import Progress, TaskID

from shared.cli.terminal import err, failing_aloud, out, table
from shared.config import RetrievalSettings, load
from shared.domain.passage import PassageKind
from shared.retrieval.reindex import Reindex, Reindexed


def reindex(
    drop: Annotated[
        bool, typer.Option("--drop-old", help="remove the old collections afterwards")
    ] = False,
) -> None:
    """Embed every passage by the configured model into collections of its own, then switch.

    Run it before a deployment with other embeddings, and once more after it: what arrived in the
    meantime is copied then. A run that was cut goes on where it was.
    """
    with failing_aloud():
        done = asyncio.run(_reindexed(drop))
    shown = table("Collections", "from", "to", "passages", "embedded now", "unreadable")
    for one in done:
        counts = (len(one.unreadable), one.walked, one.copied)
        unreadable, walked, copied = (f"{count:,}" for count in counts)
        shown.add_row(one.source or "-", one.target, walked, copied, unreadable)
    out.print(shown)
    if any(one.unreadable for one in done):
        err.print("Unreadable passages were left in their old collections.", style="red")
        raise typer.Exit(1)


async def _reindexed(drop: bool) -> list[Reindexed]:
    from shared.wiring.foundation import open_foundation
    from shared.wiring.models.guards import open_guards
    from shared.wiring.retrieval.local import open_here

    settings = load(RetrievalSettings)
    base = open_foundation(settings)
    guards = open_guards(settings, base)
    try:
        opened = await open_here(settings, base, guards)
        try:
            with Progress(console=err, transient=True, disable=not err.is_terminal) as progress:
                done = []
                for kind in PassageKind:
                    task = progress.add_task(kind.value, total=None)
                    told = partial(_tell, progress, task)
                    done.append(await Reindex(opened.shelves).run(kind, drop=drop, told=told))
                return done
        finally:
            await opened.close()
    finally:
        await guards.close()
        await base.close()


def _tell(progress: Progress, task: TaskID, walked: int) -> None:
    progress.update(task, completed=walked)
