"""ibflex, its client and its parser, against our simulator, in an environment of its own."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.simulators.brokers.http_door import serve
from infra.simulators.brokers.ibkr.world import IbkrWorld
from infra.simulators.brokers.wire import Answer, Call
from tests.twins.manual_clock import ManualClock

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sdk-ibkr" / "bin" / "python"
NOW = datetime(2026, 9, 28, 14, 37, tzinfo=UTC)  # a Monday
OPTION = "CLF   260918C00011500"

pytestmark = pytest.mark.sdk


def open_world(clock: ManualClock) -> IbkrWorld:
    """Book an exercise, a fill that is cancelled, a dividend, and a fill of today."""
    world = IbkrWorld(clock.now, polls=1)
    login = world.add_token("123", "456", "789")
    account = world.add_account(login, "DU1111111")
    world.add_account(login, "DU2222222", currency="EUR")
    at = NOW - timedelta(days=10)
    world.fill(
        account, OPTION, Decimal(4), price=Decimal("0.42"), at=at, category="OPT",
        multiplier=Decimal(100), commission=Decimal("-2.8"),
    )  # fmt: skip
    world.end_option(account, OPTION, "Ex", at=at, shares=Decimal(400))
    fill = world.fill(account, "CLF", Decimal(-100), price=Decimal(12), at=NOW - timedelta(days=4))
    world.cancel(account, fill, known_at=NOW - timedelta(days=3))
    day = (NOW - timedelta(days=5)).date()
    fields = {"type": "Dividends", "amount": "27.5", "dateTime": f"{day:%Y%m%d}"}
    world.row(account, "CashTransactions", "CashTransaction", day, **fields)
    world.fill(account, "CLF", Decimal(50), price=Decimal("12.1"), at=NOW - timedelta(hours=1))
    return world


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.skip(f"{PYTHON} is missing; `make test-sdks` makes it")
    clock = ManualClock(NOW)
    world = open_world(clock)

    def handle(call: Call) -> Answer:
        clock.advance(7)  # the client asks at once, and would be throttled
        return world.handle(call)

    script = Path(__file__).parent / "scripts" / "drive_ibflex.py"
    with serve(handle) as url:
        world.url = f"{url}/AccountManagement/FlexWebService/GetStatement"
        done = subprocess.run(
            [PYTHON, script, url, "123", "456", "789"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_client_waits_while_a_report_is_in_progress(seen: dict[str, Any]) -> None:
    assert [pause for pause in seen["slept"] if pause] == [5, 5]


def test_the_client_reads_when_an_answer_was_given(seen: dict[str, Any]) -> None:
    assert seen["timestamp"].startswith("2026-09-28T10:3")
    assert seen["timestamp"].endswith("-04:00")


def test_without_days_the_client_gets_one(seen: dict[str, Any]) -> None:
    assert seen["one_day"] == ["2026-09-25", 2]


def test_the_parser_reads_days_and_accounts(seen: dict[str, Any]) -> None:
    assert seen["days"] == ["2026-09-01", "2026-09-25", "DU1111111", "DU2222222"]
    assert seen["base"] == "USD"


def test_the_parser_reads_trades_endings_and_a_cancellation(seen: dict[str, Any]) -> None:
    kinds = [[symbol, kind, quantity] for symbol, kind, quantity, _, _ in seen["trades"]]
    assert sorted(kinds) == [
        ["CLF", "BookTrade", "400"],
        ["CLF", "ExchTrade", "-100"],
        ["CLF", "TradeCancel", "100"],
        [OPTION, "BookTrade", "-4"],
        [OPTION, "ExchTrade", "4"],
    ]
    assert [commission for symbol, *_, commission, _ in seen["trades"] if symbol == OPTION] == [
        "-2.8",
        "0",
    ]


def test_the_parser_reads_positions_cash_and_dividends(seen: dict[str, Any]) -> None:
    assert seen["held"] == [["CLF", "400", "SUMMARY"], ["CLF", "400", "LOT"]]
    assert seen["cash"] == [["BASE_SUMMARY", "95255.7"], ["USD", "95255.7"]]
    assert seen["dividends"] == [["Dividends", "27.5"]]
    assert len(seen["exercised"]) == 2


def test_the_parser_reads_confirmations(seen: dict[str, Any]) -> None:
    ((name, quantity, commission),) = seen["confirmed"]
    assert (name.endswith(".01.01"), quantity, commission) == (True, "50", "-1")


def test_the_client_understands_refusals(seen: dict[str, Any]) -> None:
    assert seen["refused"] == ["1015", "1014"]
