"""`make serve`: the whole system on loopback until Ctrl-C."""

import argparse
import asyncio
import socket
from pathlib import Path

import uvicorn

from infra.local.gateway import Gateway
from infra.local.schedule import keep_schedule
from shared.config import BiasSettings, load
from shared.retrieval.search import SearchConfig
from shared.telemetry import configure_logging
from shared.wiring.retrieval.local import open_local_retrieval
from shared.wiring.retrieval.opening import Retrieval

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Take a port on loopback; a free one where another program has the one that was asked for."""
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
    except OSError:
        taken.bind((HOST, 0))
    return taken


def address(listening: socket.socket) -> str:
    """Write the address that a browser opens."""
    return f"http://localhost:{listening.getsockname()[1]}"


async def serve(gateway: Gateway, listening: socket.socket) -> None:
    """Serve a gateway on loopback, its bus pumped, until Ctrl-C."""
    config = uvicorn.Config(gateway.app, log_level="warning", lifespan="off", log_config=None)
    async with gateway.pumping():
        await uvicorn.Server(config).serve(sockets=[listening])


def index_here(settings: BiasSettings, state_dir: Path) -> Retrieval | None:
    """Keep texts in the state folder; None where the settings name a server, or want no index.

    The functions open a server by themselves.
    """
    if settings.qdrant_url or not settings.local_retrieval:
        return None
    return open_local_retrieval(state_dir / "retrieval", SearchConfig(rrf_k=settings.rrf_k))


async def _main(port: int, state_dir: Path, data_dir: Path | None) -> None:
    here = index_here(load(BiasSettings), state_dir)
    async with Gateway(state_dir, data_dir=data_dir, retrieval=here) as gateway:
        listening = listen(port)
        print(f"Daybias serves {address(listening)} (Ctrl-C ends it)")
        async with keep_schedule(gateway):
            await serve(gateway, listening)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--state-dir", type=Path, default=Path(".daybias"))
    parser.add_argument(
        "--data-dir", type=Path, help="bars and calendar: daily/ intraday/ calendar/"
    )
    given = parser.parse_args()
    configure_logging("INFO")
    asyncio.run(_main(given.port, given.state_dir, given.data_dir))


if __name__ == "__main__":
    main()
