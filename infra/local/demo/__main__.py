"""`python -m infra.local.demo [--once] [--port N]`: play the replay, judge it, then serve it."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from infra.local.demo import screens
from infra.local.demo.bias_acts import BiasActs
from infra.local.demo.checks import Checks
from infra.local.demo.journal_acts import JournalActs
from infra.local.demo.mischief import MischievousBus
from infra.local.demo.prices import DATA
from infra.local.demo.remembered import RememberedEmbedder
from infra.local.demo.scenario import THURSDAY_EVENING, connect, write_scenario
from infra.local.gateway import Gateway
from infra.local.in_memory import memory_with
from infra.local.replay_clock import ReplayClock
from infra.local.serve import address, listen, serve
from infra.simulators.brokers.transport import SimulatorTransport
from shared.domain.errors import DaybiasError
from shared.ports import MessageBus
from shared.retrieval.search import SearchConfig
from shared.telemetry import configure_logging
from shared.wiring.retrieval.local import open_local_retrieval
from shared.wiring.retrieval.opening import Retrieval

_LOG_WIDTH = 140
_ROOM = 1 << 30  # of the replay's stores
NOTICE = (
    "Replay of Friday 2020-05-29 on openly licensed prices. The accounts are simulated; "
    "nothing here is advice."
)


def _retrieval(folder: Path) -> Retrieval:
    opened = open_local_retrieval(folder / "retrieval", SearchConfig())
    return replace(opened, embedder=RememberedEmbedder(opened.embedder))


async def play(folder: Path, console: Console, port: int | None, checks: Checks) -> int:
    """Play all acts over a fresh store in `folder`; serve on `port` unless it is None."""
    began = time.perf_counter()
    clock = ReplayClock(THURSDAY_EVENING)
    scenario = await write_scenario(clock)
    buses: list[MischievousBus] = []

    def wrap(bus: MessageBus) -> MessageBus:
        buses.append(MischievousBus(bus))
        return buses[0]

    retrieval = _retrieval(folder / "replay")
    async with Gateway(
        folder / "replay",
        clock=clock,
        transport=SimulatorTransport(scenario.world.handle),
        wrap_bus=wrap,
        data_dir=DATA,
        notice=NOTICE,
        retrieval=retrieval,
    ) as gateway:
        await connect(gateway)
        journal = JournalActs(gateway, clock, scenario, checks)
        bias = BiasActs(gateway, clock, checks, retrieval.embedder)
        acts: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("Thu 17:05  forecasts of record", bias.record),
            ("Thu 17:05  90 days of three accounts", journal.backfill),
            ("Thu 17:25  the tick again", journal.tick_again),
            ("Fri 08:15  the board of 21", lambda: bias.pre_open(folder / "scratch")),
            ("Fri 17:30  a repeated and a late page", lambda: journal.misbehave(buses[0])),
            ("Fri 17:50  the score", bias.score),
        ]
        await _play_acts(acts, console)
        await journal.show(console)
        bias.show(console)
        screens.scores(console, await bias.scores())
        screens.verdict(console, checks.passed, checks.failed)
        console.print(f"The job took {time.perf_counter() - began:.1f} s.")
        if port is not None:
            await _serve(gateway, console, port)
    return checks.exit_code


async def _serve(gateway: Gateway, console: Console, port: int) -> None:
    listening = listen(port)
    console.print(f"\nServing [bold]{address(listening)}[/bold] until Ctrl-C.")
    await serve(gateway, listening)


async def _play_acts(
    acts: list[tuple[str, Callable[[], Awaitable[None]]]], console: Console
) -> None:
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for description, act in acts:
            task = progress.add_task(description, total=1)
            await act()
            progress.advance(task)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the job")
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args()
    configure_logging("ERROR")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_LOG_WIDTH)  # a log has no width of its own
    screens.banner(console)
    port = None if given.once or not sys.stdin.isatty() else given.port
    with tempfile.TemporaryDirectory(prefix="daybias-demo-", dir=memory_with(_ROOM)) as folder:
        try:
            return asyncio.run(play(Path(folder), console, port, Checks()))
        except (DaybiasError, httpx.HTTPError) as error:
            console.print(f"[red]The replay stopped: {escape(str(error))}[/red]")
            return 2


if __name__ == "__main__":
    sys.exit(main())
