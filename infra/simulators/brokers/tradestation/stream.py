"""TradeStation's stream of orders: the snapshot, each change as a whole order, heartbeats."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from infra.simulators.brokers.tradestation.orders import Account
from shared.domain.time import iso

_IDLE = timedelta(seconds=5)


class OrderStream:
    """One open stream; what it says follows from the orders and the clock alone."""

    def __init__(
        self,
        accounts: Sequence[Account],
        now: Callable[[], datetime],
        goes_away: Callable[[], bool],
        chunk: int,
    ) -> None:
        self._accounts = accounts
        self._now = now
        self._goes_away = goes_away
        self._chunk = chunk
        self._told: dict[str, bytes] = {}
        self._spoke_at = now()
        self._rest = b""
        self._is_over = False

    def snapshot(self, errors: Sequence[dict[str, str]]) -> bytes:
        """Say how all orders are."""
        orders = self._changed()
        return b"".join(map(_line, errors)) + orders + _line({"StreamStatus": "EndSnapshot"})

    def more(self) -> bytes | None:
        """Say what has changed; None after the end."""
        if not self._rest and self._is_over:
            return None
        self._rest += self._news()
        said, self._rest = self._rest[: self._chunk], self._rest[self._chunk :]
        return said

    def _news(self) -> bytes:
        said, now = self._changed(), self._now()
        if not said and now - self._spoke_at >= _IDLE:
            said = _line({"Heartbeat": 1, "Timestamp": iso(now)})
        if self._goes_away() and not self._is_over:
            self._is_over = True
            said += _line({"StreamStatus": "GoAway"})
        if said:
            self._spoke_at = now
        return said

    def _changed(self) -> bytes:
        now = self._now()
        lines = {o.order_id: _line(o.body(now)) for a in self._accounts for o in a.current(now)}
        changed = [line for name, line in lines.items() if self._told.get(name) != line]
        self._told |= lines
        return b"".join(changed)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"
