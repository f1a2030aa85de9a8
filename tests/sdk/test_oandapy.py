"""The oandapyV20 client against our simulator, in an environment of its own."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.oanda import OandaWorld

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-oanda" / "bin" / "python"
NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ACCOUNT = "101-004-9990417-001"

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    world = OandaWorld(lambda: NOW)
    opened = NOW - timedelta(days=30)
    account = world.add_account(account_id=ACCOUNT, token="t1", opened_at=opened)
    world.add_account(account_id="101-004-9990417-002", token="t1")
    for i in range(600):
        at = NOW - timedelta(minutes=600 - i)
        world.fill(account, "EUR_USD", Decimal(-100), price=Decimal("1.08700"), at=at)
    world.financing(account, {"EUR_USD": Decimal("-1.25")}, at=NOW)
    script = Path(__file__).with_name("oandapy_script.py")
    with serve(world.handle) as url:
        done = subprocess.run(
            [PYTHON, script, url], capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_client_lists_the_accounts_of_a_token(seen: dict[str, Any]) -> None:
    assert seen["accounts"] == [ACCOUNT, "101-004-9990417-002"]


def test_the_client_reads_the_summary(seen: dict[str, Any]) -> None:
    assert seen["summary"] == ["USD", "99998.7500", "1201"]


def test_the_client_reads_open_positions(seen: dict[str, Any]) -> None:
    assert seen["held"] == ["EUR_USD", "0", "-60000"]


def test_the_client_pages_through_transactions(seen: dict[str, Any]) -> None:
    assert seen["pages"] == [50] * 12 + [0]


def test_the_client_asks_for_what_is_newer(seen: dict[str, Any]) -> None:
    assert seen["since"] == [1000, 201]


def test_the_client_reads_one_transaction(seen: dict[str, Any]) -> None:
    assert seen["one"] == "ORDER_FILL"


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("unauthorized", [401, "Insufficient authorization to perform request."]),
        ("range", [416, "The provided transaction range is invalid"]),
        ("missing", [404, "The account specified does not exist"]),
        ("python list", [400, "Invalid value specified for 'type'"]),
    ],
)
def test_the_client_understands_a_refusal(
    seen: dict[str, Any], name: str, refusal: list[Any]
) -> None:
    assert seen[name] == refusal
