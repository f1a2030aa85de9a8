"""TradeStation's stream of orders: whole cumulative orders, first all of them, then each change.

Source: api.tradestation.com/docs/fundamentals/http-streaming (read 2026-05); samples in
tests/fixtures/tradestation/stream_orders.ndjson.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from shared.brokers.engine.streaming import Said, Stream

_MOST_ACCOUNTS = 25  # of one stream
_TAKEN_BACK = ("BRO", "COR")  # tuples: a line may hold what cannot be in a set
_NO_FILL = (None, "", "0")


def paths(accounts: Sequence[str]) -> list[str]:
    """Name a stream for every 25 accounts."""
    parts = [accounts[i : i + _MOST_ACCOUNTS] for i in range(0, len(accounts), _MOST_ACCOUNTS)]
    return [f"/v3/brokerage/stream/accounts/{','.join(part)}/orders" for part in parts]


def read(line: Any) -> Said:
    """Say what a line comes to: an order without a fill changes nothing."""
    if not isinstance(line, Mapping):
        return Said.NOTHING
    if line.get("StreamStatus") == "GoAway" or "Error" in line:
        return Said.CLOSE
    legs = line.get("Legs")
    filled = isinstance(legs, list) and any(
        isinstance(leg, Mapping) and leg.get("ExecQuantity") not in _NO_FILL for leg in legs
    )
    return Said.BOOKED if filled or line.get("Status") in _TAKEN_BACK else Said.NOTHING


STREAM = Stream(
    hosts={
        "live": "https://api.tradestation.com",
        "sim": "https://sim-api.tradestation.com",
    },
    paths=paths,
    read=read,
    silence=timedelta(seconds=20),  # a heartbeat comes after 5 seconds
)
