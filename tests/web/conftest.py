"""A browser, and whatever it looks at, served from a thread on loopback."""

import asyncio
import contextlib
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp

from infra.local.demo.prices import DATA
from infra.local.demo.scenario import FRIDAY_PRE_OPEN, connect, write_scenario
from infra.local.gateway import Gateway
from infra.local.replay_clock import ReplayClock
from infra.simulators.brokers.transport import SimulatorTransport
from tests.web.browser import Browser

NOTICE = "Replay for a test."


@contextmanager
def served(make: Callable[[], AbstractAsyncContextManager[ASGIApp]]) -> Iterator[str]:
    """Serve an app from a thread, in whose loop it is made; yield its address."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(
        lambda: None, host="127.0.0.1", port=port, log_level="critical", interface="asgi3"
    )
    server = uvicorn.Server(config)
    ready = threading.Event()

    async def run() -> None:
        async with make() as app:
            config.app, config.lifespan, config.timeout_graceful_shutdown = app, "off", 1
            ready.set()
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with Browser(chromium, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="session")
def replay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the replayed day at 08:15."""

    @asynccontextmanager
    async def make() -> AsyncIterator[ASGIApp]:
        async with replayed(tmp_path_factory.mktemp("web")) as gateway:
            yield gateway.app

    with served(make) as address:
        yield address


@asynccontextmanager
async def replayed(folder: Path) -> AsyncIterator[Gateway]:
    clock = ReplayClock(FRIDAY_PRE_OPEN)
    transport = SimulatorTransport((await write_scenario(clock)).world.handle)
    async with Gateway(
        folder, clock=clock, transport=transport, data_dir=DATA, notice=NOTICE
    ) as gateway:
        await connect(gateway)
        await gateway.tick("alpaca")
        await gateway.drain()
        await gateway.run("reconcile")
        await gateway.run("refresh_market")
        yield gateway
