"""schwab-py, the client that people use, against our simulator, in an environment of its own."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.schwab.world import SchwabWorld

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-schwab" / "bin" / "python"
NOW = datetime(2026, 3, 16, 14, 0, tzinfo=UTC)
NUMBERS = ["48217735", "48217736", "73001904"]

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    world = SchwabWorld(lambda: NOW)
    account, *_ = [world.add_account(number) for number in NUMBERS]
    for i in range(150):
        at = NOW - timedelta(minutes=i + 1)
        order_id = 7 if i < 2 else None
        world.fill(
            account, "KO", "buy", Decimal("1.5"), price=Decimal(60), at=at, order_id=order_id
        )
    world.row(account, "DIVIDEND_OR_INTEREST", at=NOW - timedelta(days=1), cash=Decimal("9.7"))
    consent = world.log_in(world.add_app("app-key", "app-secret"))
    script = Path(__file__).parent / "scripts" / "drive_schwab_py.py"
    with serve(world.handle) as url:
        done = subprocess.run(
            [PYTHON, script, url, consent.refresh_token, NOW.isoformat()],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "kept": consent.refresh_token}


def test_the_client_refreshes_an_expired_token_and_saves_the_new_one(seen: dict[str, Any]) -> None:
    assert seen["saved"] == [seen["kept"]]


def test_the_client_lists_accounts_and_reads_each_by_its_hash(seen: dict[str, Any]) -> None:
    assert (seen["numbers"], seen["accounts"], seen["plain_number"]) == (NUMBERS, 3, 400)


def test_the_client_reads_transactions_of_the_types_it_names(seen: dict[str, Any]) -> None:
    assert (seen["trades"], seen["one"]) == (150, True)
    assert seen["types"] == ["DIVIDEND_OR_INTEREST", "TRADE"]


def test_the_client_reads_positions_and_cash(seen: dict[str, Any]) -> None:
    assert (seen["positions"], seen["cash"]) == ({"KO": 225.0}, 36509.7)


def test_the_client_reads_orders_with_their_parts(seen: dict[str, Any]) -> None:
    assert sorted(seen["orders"]) == [1] * 148 + [2]


def test_the_client_understands_a_dead_refresh_token(seen: dict[str, Any]) -> None:
    assert seen["dead"] == "unsupported_token_type"
