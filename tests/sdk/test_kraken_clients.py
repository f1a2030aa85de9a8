"""ccxt, krakenex and python-kraken-sdk against our simulator, in an environment of their own."""

import json
import subprocess
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.kraken.account import READS
from infra.simulators.brokers.kraken.world import KrakenWorld

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-kraken" / "bin" / "python"
SECRET = b64encode(b"a secret of 64 bytes, as Kraken makes them, 0123456789 0123456789").decode()

pytestmark = pytest.mark.sdk


def open_world() -> KrakenWorld:
    """Book 60 purchases of a hundredth, the newest with its fee in coins, behind three keys."""
    world = KrakenWorld(lambda: datetime.now(UTC))
    account = world.add_account()
    for name in ("CCXT", "KRAKENEX", "SDK"):
        rights = {*READS, "query-open-trades"}
        world.add_key(account, name, SECRET, permissions=rights)
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    world.enter(account, "ZUSD", Decimal(100_000), at=began, kind="deposit")
    for i in range(60):
        at, asset = began + timedelta(minutes=i + 1), "XXBT" if i == 59 else "ZUSD"
        told: dict[str, Any] = {"price": Decimal(50_000), "at": at, "fee": Decimal("1.3")}
        world.fill(account, "XXBTZUSD", "buy", Decimal("0.01"), fee_asset=asset, **told)
    return world


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    script = Path(__file__).parent / "scripts" / "drive_kraken.py"
    with serve(open_world().handle) as url:
        command = [PYTHON, script, url, SECRET]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


class TestCcxt:
    def test_it_knows_the_markets_by_their_modern_names(self, seen: dict[str, Any]) -> None:
        assert {"BTC/USD", "ETH/EUR", "ADA/USD"} <= set(seen["ccxt"]["markets"])

    def test_it_reads_trades_page_by_page_and_since_a_time(self, seen: dict[str, Any]) -> None:
        assert seen["ccxt"]["pages"] == [50, 10]
        # `start` is exclusive, and asked in whole seconds
        assert seen["ccxt"]["since"] == 1
        assert seen["ccxt"]["trade"][:4] == ["BTC/USD", "buy", 0.01, 50_000.0]
        assert (seen["ccxt"]["trade"][4]["cost"], seen["ccxt"]["trade"][4]["currency"]) == (
            1.3,
            "USD",
        )

    def test_it_reads_balances_and_the_ledger(self, seen: dict[str, Any]) -> None:
        assert seen["ccxt"]["balance"] == {"BTC": 0.599974, "USD": 69_923.3}
        assert sorted(seen["ccxt"]["ledger"]) == ["BTC"] * 25 + ["USD"] * 25

    def test_it_understands_a_refused_key(self, seen: dict[str, Any]) -> None:
        assert seen["ccxt"]["wrong"] == "AuthenticationError"


class TestKrakenex:
    def test_it_reads_public_and_private_answers(self, seen: dict[str, Any]) -> None:
        assert "XXBTZUSD" in seen["krakenex"]["pairs"]
        assert seen["krakenex"]["first"] == [60, 50]

    def test_it_hands_on_a_refusal(self, seen: dict[str, Any]) -> None:
        assert seen["krakenex"]["wrong"] == ["EAPI:Invalid signature"]


class TestPythonKrakenSdk:
    def test_it_reads_what_its_user_asks_for(self, seen: dict[str, Any]) -> None:
        found = seen["sdk"]
        assert (found["second"], found["ledger"], found["one"], found["open"]) == (
            [60, 10],
            121,
            True,
            {},
        )
        assert (found["balances"], found["account"]) == ("0.5999740000",) * 2

    def test_it_understands_a_refused_signature(self, seen: dict[str, Any]) -> None:
        assert seen["sdk"]["wrong"] == "KrakenInvalidSignatureError"
