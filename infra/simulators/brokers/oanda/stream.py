"""OANDA's stream of transactions: rows from now on, heartbeats in between."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from infra.simulators.brokers.oanda.account import Account, stamp

_BEAT = timedelta(seconds=5)


class TransactionStream:
    """One open stream; what it says follows from the account and the clock alone."""

    def __init__(self, account: Account, now: Callable[[], datetime]) -> None:
        self._account = account
        self._now = now
        self._told = int(account.last_id(now()))
        self._beat_at = now() - _BEAT

    def more(self) -> bytes:
        """Say what was booked, and every five seconds that it lives."""
        now = self._now()
        lines = [r.body for r in self._account.visible(now) if r.number > self._told]
        last = self._account.last_id(now)
        self._told = int(last)
        if now - self._beat_at >= _BEAT:
            self._beat_at = now
            lines.append({"type": "HEARTBEAT", "time": stamp(now), "lastTransactionID": last})
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
