"""`make serve`: the whole system on loopback until Ctrl-C."""

import argparse
import asyncio
from pathlib import Path

import uvicorn

from infra.local.gateway import Gateway
from infra.local.schedule import keep_schedule
from shared.telemetry import configure_logging

HOST = "127.0.0.1"


async def serve(gateway: Gateway, port: int) -> None:
    """Serve a gateway on loopback, its bus pumped, until Ctrl-C."""
    config = uvicorn.Config(
        gateway.app, host=HOST, port=port, log_level="warning", lifespan="off", log_config=None
    )
    async with gateway.pumping():
        await uvicorn.Server(config).serve()


async def _main(port: int, state_dir: Path, data_dir: Path | None) -> None:
    async with Gateway(state_dir, data_dir=data_dir) as gateway:
        print(f"Daybias serves http://localhost:{port} (Ctrl-C ends it)")
        async with keep_schedule(gateway):
            await serve(gateway, port)


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
