"""The tastytrade client against our simulator, in an environment of its own."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.tastytrade.world import TastytradeWorld

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-tastytrade" / "bin" / "python"
PUT = "SPY   260320P00550000"
NOW = datetime(2026, 3, 20, 22, 0, tzinfo=UTC)

pytestmark = pytest.mark.sdk


def open_world() -> tuple[TastytradeWorld, str]:
    """Book six trades, and an assignment with its shares."""
    world = TastytradeWorld(lambda: NOW)
    grant = world.grants.grant(world.add_client("app-1", "secret-1"))
    account = world.add_account("5WT00001")
    world.add_account("5WT00003", kind="Joint").forbidden = True
    world.add_account("5WT00009", closed=True)
    for i in range(4):
        at, fees = NOW - timedelta(days=7, minutes=9 - i), {"clearing-fees": Decimal("0.05")}
        price = Decimal("178.21")
        world.fill(account, "AAPL", "Buy to Open", Decimal(10), price=price, at=at, fees=fees)
    at = NOW - timedelta(days=6)
    world.fill(account, PUT, "Sell to Open", Decimal(2), price=Decimal("1.25"), at=at)
    world.fill(account, "/ESM6", "Buy", Decimal(1), price=Decimal("5725.25"), at=at)
    at = NOW - timedelta(hours=1)
    world.end(account, PUT, "Assignment", at=at)
    world.receive(account, "SPY", "Buy to Open", Decimal(200), price=Decimal(550), at=at)
    return world, grant.refresh_token


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    world, refresh_token = open_world()
    script = Path(__file__).parent / "scripts" / "drive_tastytrade.py"
    window = [(NOW - timedelta(days=8)).isoformat(), (NOW - timedelta(days=5)).isoformat()]
    with serve(world.handle) as url:
        done = subprocess.run(
            [PYTHON, script, url, "secret-1", refresh_token, *window],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_client_lists_accounts_and_closed_ones_apart(seen: dict[str, Any]) -> None:
    assert (seen["open"], seen["closed"]) == (["5WT00001", "5WT00003"], ["5WT00009"])


def test_the_client_pages_through_a_window_to_its_end(seen: dict[str, Any]) -> None:
    assert seen["every"] == [["10.0", "AAPL"]] * 4 + [["2.0", PUT], ["1.0", "/ESM6"]]


def test_the_client_reads_one_page(seen: dict[str, Any]) -> None:
    assert (seen["first"], seen["costs"]) == (4, ["-0.05"] * 4)


def test_the_client_asks_for_one_type_newest_first(seen: dict[str, Any]) -> None:
    assert seen["events"] == ["Buy to Open", "Assignment"]


def test_the_client_reads_positions_and_balances(seen: dict[str, Any]) -> None:
    assert seen["positions"] == {
        "AAPL": ["40.0", "Long"],
        PUT: ["0.0", "Zero"],
        "/ESM6": ["1.0", "Long"],
        "SPY": ["200.0", "Long"],
    }
    assert seen["cash"] == "-16878.6"


def test_the_client_is_told_of_an_account_that_it_may_not_read(seen: dict[str, Any]) -> None:
    assert "not permitted" in seen["forbidden"]


def test_the_client_understands_a_login_that_is_refused(seen: dict[str, Any]) -> None:
    assert seen["mismatch"] != ""
