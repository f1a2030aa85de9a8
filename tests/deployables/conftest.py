"""Unpacks every zip into an empty folder and starts it as Cloud Run would."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from infra.package import ROOT, build, function_names
from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.http_door import serve
from tests.ports import free_port

_START_S = 40.0


@dataclass
class Deployed:
    """One function in a process of its own."""

    name: str
    folder: Path
    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def call(self, method: str, path: str = "/", **kwargs) -> httpx.Response:
        with httpx.Client(verify=False, trust_env=False) as client:
            return client.request(method, self.url + path, timeout=30, **kwargs)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)


def start(name: str, folder: Path, environment: dict[str, str]) -> Deployed:
    with zipfile.ZipFile(io.BytesIO(build(name))) as bundle:
        bundle.extractall(folder)
    port, log = free_port(), folder.with_suffix(".log")
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "TZ"}}
    # what the platform's buildpack runs; it finds the asynchronous mode from the decorator
    command = [str(Path(sys.executable).parent / "functions-framework")]
    command += ["--target", "handle", "--source", "main.py"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=kept | environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Deployed(name, folder, f"http://127.0.0.1:{port}", process, log)


def wait_until_open(function: Deployed) -> None:
    end = time.monotonic() + _START_S
    while time.monotonic() < end and function.process.poll() is None:
        try:
            function.call("GET", "/robots.txt")  # the framework's own answer
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"{function.name} did not start:\n{function.log.read_text()}")


@pytest.fixture(scope="session")
def state(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("deployed") / "state"


@pytest.fixture(scope="session")
def world() -> AlpacaWorld:
    """One simulated paper account with one order of two fills, an hour ago."""
    world = AlpacaWorld(lambda: datetime.now(UTC))
    account = world.add_account(
        account_id="7c1f0a52-3a1e-4b0d-9d8f-0a6be21f4c11", number="PA1", key="K", secret="S"
    )
    at = datetime.now(UTC) - timedelta(hours=1)
    parts = [(Decimal(60), Decimal("178.21"), at), (Decimal(40), Decimal("178.22"), at)]
    world.order(account, "AAPL", "buy", parts)
    return world


@pytest.fixture(scope="session")
def deployed(tmp_path_factory, state, world) -> Iterator[dict[str, Deployed]]:
    with serve(world.handle) as broker:
        environment = {
            "DAYBIAS_STATE_DIR": str(state),
            "DAYBIAS_DATA_DIR": str(ROOT / "infra" / "local" / "data"),
            "DAYBIAS_BROKER_HOSTS": json.dumps({"alpaca:paper": broker}),
            "DAYBIAS_CBOE": "false",
        }
        yield from run_all(tmp_path_factory.mktemp("functions"), environment)


def run_all(root: Path, environment: dict[str, str]) -> Iterator[dict[str, Deployed]]:
    """Start every function side by side and kill what is left at the end."""
    functions: dict[str, Deployed] = {}
    try:
        for name in function_names():
            (root / name).mkdir()
            functions[name] = start(name, root / name, environment)
        for function in functions.values():
            wait_until_open(function)
        yield functions
    finally:
        for function in functions.values():
            # the framework's workers outlive it: end the whole group
            with contextlib.suppress(ProcessLookupError):
                os.killpg(function.process.pid, signal.SIGKILL)
            function.process.wait()
