"""What each broker's lines come to, by the samples and the sheets."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.brokers.alpaca.stream import STREAM as ALPACA
from shared.brokers.engine.streaming import Said
from shared.brokers.oanda.stream import STREAM as OANDA
from shared.brokers.tradestation.stream import STREAM as TRADESTATION

FIXTURES = Path(__file__).parents[2] / "fixtures"
LEG = {"Symbol": "SPY", "ExecQuantity": "1"}


def test_tradestations_sample_says_booked_at_each_order_that_has_a_fill() -> None:
    lines = (FIXTURES / "tradestation" / "stream_orders.ndjson").read_text().splitlines()
    said = [(TRADESTATION.read(json.loads(line)), line) for line in lines]
    assert {Said.BOOKED, Said.NOTHING} <= {one for one, _ in said}
    assert all(
        (one is Said.BOOKED) == ('"Legs"' in line) for one, line in said if "GoAway" not in line
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"OrderID": "1", "Status": "FLL", "Legs": [LEG]}, Said.BOOKED),
        ({"OrderID": "1", "Status": "OPN", "Legs": [{**LEG, "ExecQuantity": "0"}]}, Said.NOTHING),
        ({"OrderID": "1", "Status": "BRO", "Legs": [{**LEG, "ExecQuantity": "0"}]}, Said.BOOKED),
        ({"Heartbeat": 1, "Timestamp": "2026-03-16T17:20:05Z"}, Said.NOTHING),
        ({"StreamStatus": "EndSnapshot"}, Said.NOTHING),
        ({"StreamStatus": "GoAway"}, Said.CLOSE),
        ({"AccountID": "1", "Error": "Failed", "Message": "try later"}, Said.CLOSE),
    ],
)
def test_tradestation(line: Any, said: Said) -> None:
    assert TRADESTATION.read(line) is said


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("ORDER_FILL", Said.BOOKED),
        ("DAILY_FINANCING", Said.BOOKED),
        ("A_KIND_THAT_IS_NEW", Said.BOOKED),
        ("HEARTBEAT", Said.NOTHING),
        ("MARKET_ORDER", Said.NOTHING),
        ("ORDER_CANCEL", Said.NOTHING),
    ],
)
def test_oanda(kind: str, said: Said) -> None:
    assert OANDA.read({"type": kind, "time": "2026-03-16T17:20:05Z"}) is said


@pytest.mark.parametrize(
    ("stream", "data", "said"),
    [
        ("trade_updates", {"event": "fill"}, Said.BOOKED),
        ("trade_updates", {"event": "partial_fill"}, Said.BOOKED),
        ("trade_updates", {"event": "new"}, Said.NOTHING),
        ("listening", {"streams": ["trade_updates"]}, Said.NOTHING),
        ("authorization", {"status": "authorized"}, Said.NOTHING),
        ("authorization", {"status": "unauthorized"}, Said.REFUSED),
    ],
)
def test_alpaca(stream: str, data: dict[str, Any], said: Said) -> None:
    assert ALPACA.read({"stream": stream, "data": data}) is said


def test_alpaca_is_shown_a_token_as_it_is_shown_keys() -> None:
    shown, _ = ALPACA.greeting({"Authorization": "Bearer t1"})
    assert shown == {"action": "authenticate", "data": {"oauth_token": "t1"}}


def test_tradestations_accounts_are_asked_for_25_at_a_time() -> None:
    names = [f"A{i}" for i in range(26)]
    first, second = TRADESTATION.paths(names)
    assert (first.count(","), second) == (24, "/v3/brokerage/stream/accounts/A25/orders")


def test_each_of_oandas_accounts_has_a_stream_of_its_own() -> None:
    assert OANDA.paths(["1", "2"]) == [
        "/v3/accounts/1/transactions/stream",
        "/v3/accounts/2/transactions/stream",
    ]
