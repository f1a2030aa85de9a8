"""The tradestation-api-python client against our simulator, in an environment of its own."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.tradestation.world import TradeStationWorld, quota_spent

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-tradestation" / "bin" / "python"

pytestmark = pytest.mark.sdk


def open_world(now: datetime) -> tuple[TradeStationWorld, str]:
    """Book 601 closed orders and one filled in part; no shorts, which the client refuses."""
    world = TradeStationWorld(lambda: now)
    refresh_token = world.sign_in(world.add_key("key-1", "secret-1", rotating=True))
    margin, futures = (
        world.add_account(name, kind=kind)
        for name, kind in (("11223344", "Margin"), ("210F5566", "Futures"))
    )
    world.add_account("11223345C", kind="Crypto")
    world.list_symbol("ESM26", "FUTURE", Decimal(50))
    for i in range(601):
        at = now - timedelta(days=2, minutes=i)
        world.fill(margin, "SPY", "Buy", Decimal("1.5"), price=Decimal(100), at=at)
    live = world.order(futures, [("ESM26", "Buy", Decimal(3))], at=now, duration="GTC")
    live.fill(Decimal(2), Decimal(5000), now)
    return world, refresh_token


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    now = datetime.now(UTC)  # the client refuses days that are 90 days before its own clock
    world, refresh_token = open_world(now)
    world.says_go_away = True
    world.faults.plan(quota_spent(1), path="/v3/brokerage/accounts/SPENT")
    script = Path(__file__).parent / "scripts" / "drive_tradestation.py"
    since = (now - timedelta(days=30)).date().isoformat()
    with serve(world.handle) as url:
        done = subprocess.run(
            [PYTHON, script, url, refresh_token, since],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_client_reads_the_accounts_of_types_that_it_knows(seen: dict[str, Any]) -> None:
    assert seen["accounts"] == [["11223344", "Margin"], ["210F5566", "Futures"]]


def test_the_client_pages_through_closed_orders(seen: dict[str, Any]) -> None:
    assert seen["pages"] == [[600, "1.5"], [1, "1.5"]]


def test_the_client_reads_an_open_order_that_is_filled_in_part(seen: dict[str, Any]) -> None:
    assert seen["today"] == [["FPR", "2"]]


def test_the_client_reads_positions_and_balances(seen: dict[str, Any]) -> None:
    assert seen["positions"] == {"SPY": "901.5", "ESM26": "2"}
    assert seen["balances"] == {"11223344": "9850", "210F5566": "100000"}


def test_the_client_is_told_of_accounts_that_are_left_out(seen: dict[str, Any]) -> None:
    assert seen["errors"] == ["11223345C"]


def test_the_client_reads_the_stream_of_orders_to_its_end(seen: dict[str, Any]) -> None:
    assert seen["stream"] == ["StreamStatus", "StreamStatus"]


def test_the_client_understands_a_spent_quota(seen: dict[str, Any]) -> None:
    assert seen["limited"] == 429


def test_the_client_follows_the_rotation_of_its_refresh_token(seen: dict[str, Any]) -> None:
    assert seen["rotated"]


def test_the_client_understands_a_refresh_token_that_is_gone(seen: dict[str, Any]) -> None:
    assert seen["refused"]
