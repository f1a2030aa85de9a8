"""oandapyV20 and OANDA's own v20 against our simulator, in an environment of their own."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.oanda.world import OandaWorld

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-oanda" / "bin" / "python"
NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
ACCOUNT = "101-004-9990417-001"
CLIENTS = ("oandapy", "oanda_v20")

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
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
    with serve(world.handle) as url:
        yield url


@pytest.fixture(scope="module")
def seen(url: str) -> dict[str, dict[str, Any]]:
    return {client: run(client, url) for client in CLIENTS}


def run(client: str, url: str) -> dict[str, Any]:
    script = Path(__file__).parent / "scripts" / f"drive_{client}.py"
    done = subprocess.run(
        [PYTHON, script, url], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accounts", [ACCOUNT, "101-004-9990417-002"]),
        ("summary", ["USD", "99998.7500", "1201"]),
        ("held", ["EUR_USD", "0", "-60000"]),
        ("unauthorized", [401, "Insufficient authorization to perform request."]),
    ],
)
def test_both_clients_read_the_same(seen: Any, client: str, name: str, expected: Any) -> None:
    assert seen[client][name] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pages", [50] * 12 + [0]),  # the last page holds a rollover alone
        ("since", [1000, 201]),
        ("one", "ORDER_FILL"),
        ("range", [416, "The provided transaction range is invalid"]),
        ("missing", [404, "The account specified does not exist"]),
        ("python list", [400, "Invalid value specified for 'type'"]),
    ],
)
def test_oandapy_walks_the_history_and_understands_refusals(
    seen: Any, name: str, expected: Any
) -> None:
    assert seen["oandapy"][name] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("listed", [600, 13]),
        ("fill", ["OrderFillTransaction", "-100", "1.08700"]),
        ("since", ["ORDER_FILL", "DAILY_FINANCING"]),
        ("python list", 400),
    ],
)
def test_v20_reads_rows_into_its_own_types(seen: Any, name: str, expected: Any) -> None:
    assert seen["oanda_v20"][name] == expected
