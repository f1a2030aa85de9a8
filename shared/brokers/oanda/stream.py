"""OANDA's stream of transactions: the rows of its history as they are booked, from now on.

Source: oanda/v20-openapi (json/v20.json 3.0.25), transactions/stream; the heartbeat's 5 seconds are
unverified.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from shared.brokers.engine.streaming import Said, Stream
from shared.brokers.oanda.rows import is_quiet


def paths(accounts: Sequence[str]) -> list[str]:
    """Name a stream for each account."""
    return [f"/v3/accounts/{account}/transactions/stream" for account in accounts]


def read(line: Any) -> Said:
    """Say what a line comes to: what changes neither cash nor a position can wait."""
    kind = line.get("type") if isinstance(line, Mapping) else None
    if not isinstance(kind, str) or kind == "HEARTBEAT" or is_quiet(kind):
        return Said.NOTHING
    return Said.BOOKED


STREAM = Stream(
    hosts={
        "live": "https://stream-fxtrade.oanda.com",
        "practice": "https://stream-fxpractice.oanda.com",
    },
    paths=paths,
    read=read,
    silence=timedelta(seconds=20),
)
