"""The official alpaca-py client against our simulator, in an environment of its own."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.alpaca.world import AlpacaWorld
from infra.simulators.brokers.http_door import serve
from tests.brokers.desk import ACCOUNT

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-alpaca" / "bin" / "python"
NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)  # a Monday, 10:00 in New York

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    world = AlpacaWorld(lambda: NOW)
    account = world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    for i in range(150):
        at = NOW - timedelta(minutes=i)
        world.fill(account, "SPY", "buy", Decimal("1.5"), price=Decimal(300), at=at)
    script = Path(__file__).parent / "scripts" / "drive_alpaca_py.py"
    with serve(world.handle) as url:
        done = subprocess.run(
            [PYTHON, script, url], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_client_reads_the_account(seen: dict[str, Any]) -> None:
    assert seen["account"] == [ACCOUNT, "PA1", "32500"]


def test_the_client_reads_positions(seen: dict[str, Any]) -> None:
    assert (seen["positions"], seen["one"], seen["flat"]) == ({"SPY": "225"}, "225", 404)


def test_the_client_pages_through_activities(seen: dict[str, Any]) -> None:
    assert seen["pages"] == [100, 50]


def test_the_client_reads_orders_and_the_clock(seen: dict[str, Any]) -> None:
    assert (seen["orders"], seen["filled"], seen["open"]) == (150, True, True)


def test_the_client_understands_a_refusal(seen: dict[str, Any]) -> None:
    assert (seen["refusal"]["status"], seen["refusal"]["code"]) == (401, 40110000)
