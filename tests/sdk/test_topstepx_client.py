"""The topstep-client-py client against our simulator, in an environment of its own."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.topstepx.world import TopstepXWorld

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-topstepx" / "bin" / "python"
NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
MNQ = "CON.F.US.MNQ.M26"

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    world = TopstepXWorld(lambda: NOW)
    world.add_login("trader", "key-1")
    account = world.add_account("trader", account_id=101, name="50K")
    world.add_account("trader", account_id=102, name="BLOWN", active=False)
    for minutes, (side, size, price) in enumerate((("buy", 3, "100"), ("sell", 1, "105.5"))):
        at = NOW - timedelta(minutes=30 - minutes)
        world.fill(account, MNQ, side, size, price=Decimal(price), at=at)
    world.void(account, world.fill(account, MNQ, "buy", 1, price=Decimal(99), at=NOW))
    script = Path(__file__).parent / "scripts" / "drive_topstepx_client.py"
    with serve(world.handle) as url:
        done = subprocess.run(
            [PYTHON, script, url], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_client_reads_accounts_active_and_not(seen: dict[str, Any]) -> None:
    assert seen["accounts"] == [[101, 50_009.76], [102, 50_000.0]]
    assert seen["active"] == 1


def test_the_client_renews_its_token(seen: dict[str, Any]) -> None:
    assert seen["renewed"]


def test_the_client_reads_trades(seen: dict[str, Any]) -> None:
    assert seen["trades"] == [
        [1, 99.0, None, True],
        [1, 105.5, 11.0, False],
        [3, 100.0, None, False],
    ]


def test_the_client_reads_orders(seen: dict[str, Any]) -> None:
    assert seen["orders"][1:] == [["FILLED", "SELL", 1], ["FILLED", "BUY", 3]]


def test_the_client_reads_positions(seen: dict[str, Any]) -> None:
    assert seen["held"] == [[MNQ, "LONG", 2]]


def test_the_client_reads_contracts(seen: dict[str, Any]) -> None:
    assert (seen["contract"], seen["searched"]) == (["MNQM6", 0.25, 0.5], ["MNQM6"])


def test_the_client_understands_refusals(seen: dict[str, Any]) -> None:
    assert (seen["refusal"], seen["unknown"]) == ({"code": 3}, 1)
    assert seen["logged_out"] == "AuthenticationError"
