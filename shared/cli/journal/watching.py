"""`daybias watch`: fills as they happen, while somebody looks."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import typer
from rich.live import Live
from rich.table import Table

from shared.cli.terminal import at_desk, out, table
from shared.domain.time import NEW_YORK
from shared.journal.watching.watcher import Watched, Watcher
from shared.ports import Clock
from shared.wiring.roots.desk import Desk

_LOOK_S = 0.25


def watch() -> None:
    """Synchronize as soon as a broker tells of a fill, and every 15 minutes; Ctrl-C ends it."""
    with suppress(KeyboardInterrupt):
        at_desk(_watch)
    typer.echo("Stopped watching; the journal is as far as the last sync.")


async def _watch(desk: Desk) -> None:
    from shared.wiring.bench.watch import watcher_of

    watcher = watcher_of(desk)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.serve())
        tasks.create_task(watcher.run())
        show = _show_live if out.is_terminal else _print_syncs
        tasks.create_task(show(watcher, desk.foundation.clock))


async def _show_live(watcher: Watcher, clock: Clock) -> None:
    with Live(console=out, auto_refresh=False) as live:
        while True:
            live.update(screen(list(watcher.watched.values())), refresh=True)
            await clock.sleep(_LOOK_S)


async def _print_syncs(watcher: Watcher, clock: Clock) -> None:
    """Where nobody can look at a moving screen, each sync is a line."""
    told: dict[str, int] = {}
    while True:
        for one in list(watcher.watched.values()):
            if one.syncs != told.get(one.connection.connection_id, 0):
                told[one.connection.connection_id] = one.syncs
                out.print(f"{one.connection.label}: {one.result} ({one.ear.value})")
        await clock.sleep(_LOOK_S)


def screen(watched: Sequence[Watched]) -> Table:
    """Show how each connection is listened to, and what its last sync came to."""
    shown = table("Watching", "connection", "stream", "news", "last sync", "result", "next sync")
    for one in watched:
        stream = f"{one.ear.value}: {one.why}" if one.why else one.ear.value
        last, following = (
            at.astimezone(NEW_YORK).strftime("%H:%M:%S") if at else "now"
            for at in (one.synced_at, one.next_at)
        )
        shown.add_row(one.connection.label, stream, str(one.news), last, one.result, following)
    if not watched:
        shown.caption = "No connection yet: daybias connections add BROKER"
    return shown
