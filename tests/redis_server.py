"""A real Redis, started once a session on a free port; skipped where there is no redis-server."""

import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from redis.asyncio import Redis

_READY_S = 20


def _is_up(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an empty Redis that keeps nothing on disk."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("needs redis-server (Debian: redis-server), not found on the PATH")
    port, folder = free_port(), Path(tmp_path_factory.mktemp("redis"))
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
    command += ["--save", "", "--appendonly", "no"]
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + _READY_S
        while not _is_up(port):
            if process.poll() is not None or time.monotonic() > end:
                # installed but broken is a fault, never a reason to skip
                pytest.fail(f"redis-server did not start:\n{(folder / 'redis.log').read_text()}")
            time.sleep(0.01)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator["Redis"]:
    """A client of an emptied Redis."""
    from shared.adapters.redis.redis_client import open_redis  # loads the client for who asks

    client = open_redis(redis_url)
    await client.flushall()
    yield client
    await client.aclose()
