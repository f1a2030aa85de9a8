"""`daybias watch` in a process of its own: a fill comes early, Ctrl-C is no failure."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from infra.simulators.brokers.http_door import sample_of, serve
from infra.simulators.brokers.oanda.world import OandaWorld

ROOT = Path(__file__).parents[3]
DAYBIAS = (sys.executable, "-m", "shared.cli.main")


@pytest.fixture
def world() -> OandaWorld:
    world = sample_of("oanda", lambda: datetime.now(UTC)).world
    assert isinstance(world, OandaWorld)
    return world


@pytest.fixture
def environment(world: OandaWorld, tmp_path: Path) -> Iterator[dict[str, str]]:
    with serve(world.handle) as url:
        environment = {
            **os.environ,
            "DAYBIAS_STATE_DIR": str(tmp_path / "state"),
            "DAYBIAS_BROKER_HOSTS": json.dumps({"oanda:practice": url}),
            "DAYBIAS_OANDA_TOKEN": "simulated-token",
            "PYTHONUNBUFFERED": "1",
        }
        add = ("connections", "add", "oanda", "--environment", "practice", "--label", "mine")
        subprocess.run((*DAYBIAS, *add), env=environment, cwd=ROOT, check=True, capture_output=True)
        yield environment


def test_a_fill_is_read_when_it_happens_and_ctrl_c_ends_well(
    world: OandaWorld, environment: dict[str, str]
) -> None:
    watch = subprocess.Popen(
        (*DAYBIAS, "watch"), env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert watch.stdout is not None
    lines = iter(watch.stdout.readline, "")
    try:
        next(line for line in lines if "(listening)" in line)  # read at once, and at the opening
        account = next(iter(world._accounts.values()))
        price, at = Decimal("1.085"), datetime.now(UTC)
        world.fill(account, "EUR_USD", Decimal(100), price=price, at=at)
        early = next(lines)
    finally:
        watch.send_signal(signal.SIGINT)
        rest, _ = watch.communicate(timeout=20)
    assert early.startswith("mine: complete, ")
    assert (watch.returncode, rest.splitlines()[-1][:17]) == (0, "Stopped watching;")
