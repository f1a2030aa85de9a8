"""ccxt and Binance's own connector against our simulator, each in an environment of its own."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra.simulators.brokers.binance.world import BinanceWorld
from infra.simulators.brokers.http_door import serve

ROOT = Path(__file__).parents[2]
UID = 354_937_868
COIN, PRICE = Decimal("0.01"), Decimal("91234.56")
PRIVATE = Ed25519PrivateKey.generate()
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

pytestmark = pytest.mark.sdk


def now() -> datetime:
    return datetime.now(UTC)  # both clients put the machine's own time into what they sign


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    world = BinanceWorld(now)
    user = world.add_user(UID, "k1", "s1")
    user.keys["k2"] = PRIVATE.public_key()
    user.funds |= {"USDT": Decimal(1_000_000), "BNB": Decimal(1)}
    for i in range(1200):
        at = now() - timedelta(days=2, seconds=1200 - i)
        fee = (Decimal("0.00075"), "BNB")
        world.fill(user, "BTCUSDT", "BUY", COIN, price=PRICE, at=at, fee=fee)
    for i in range(3):
        at = now() - timedelta(minutes=3 - i)
        world.contract(user, "BTCUSDT", "SELL", COIN, price=PRICE, at=at)
    with serve(world.handle) as url:
        yield url


def run(environment: str, script: str, *arguments: str) -> dict[str, Any]:
    python = ROOT / f".venv-sdk-{environment}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python} is missing; `make test-sdks` makes it")
    command = [python, Path(__file__).parent / "scripts" / script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def ccxt(url: str) -> dict[str, Any]:
    return run("binance", "drive_ccxt.py", url)


@pytest.fixture(scope="module")
def connector(url: str) -> dict[str, Any]:
    return run("binance-connector", "drive_binance_connector.py", url, PEM)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pages", [1000, 200]),
        ("trade", ["buy", 0.01, 91234.56, {"cost": 0.00075, "currency": "BNB"}]),
        ("contract", [3, "sell", 0.01]),
        ("balance", {"BTC": 12.0, "BNB": 0.1}),
        ("position", ["BTC/USDT:USDT", "short", 0.03]),
        ("wrong secret", "AuthenticationError"),
    ],
)
def test_ccxt_reads_both_markets(ccxt: Any, name: str, expected: Any) -> None:
    assert ccxt[name] == expected


def test_ccxt_takes_our_symbols_for_its_own(ccxt: Any) -> None:
    assert {"BTC/USDT", "ETH/BTC", "BTC/USDT:USDT"} <= set(ccxt["markets"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clock", ["serverTime"]),
        ("symbols", 5),
        ("uid", UID),
        ("pages", [1000, 200]),
        ("newest", [1199, 1200]),
        ("with a private key", UID),
        ("wrong secret", [400, -1022]),
        ("too long", [400, -1127]),
        ("unknown symbol", [400, -1121]),
        ("both", [400, -1128]),
    ],
)
def test_binance_s_own_connector_reads_spot(connector: Any, name: str, expected: Any) -> None:
    assert connector[name] == expected
