"""Alpaca's websocket: a login, what to listen to, and then each fill with its order."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from infra.simulators.brokers.alpaca.account import Account, Activity, order_body

# Finds the account of (key, secret, token); None where they open none.
Find = Callable[[str | None, str | None, str | None], Account | None]
_STREAM = "trade_updates"


class TradeUpdates:
    """One open websocket; what it says follows from what it heard, the account and the clock.

    Source: https://docs.alpaca.markets/docs/websocket-streaming (read 2026-11); both documented
    forms of a login by keys are understood.
    """

    def __init__(self, find: Find, now: Callable[[], datetime]) -> None:
        self._find = find
        self._now = now
        self._account: Account | None = None
        self._told: set[str] | None = None  # ids, once somebody listens
        self._replies: list[Any] = []

    def hear(self, message: str) -> None:
        """Take a message of the client."""
        said = json.loads(message)
        data = said.get("data") or {}
        match said.get("action"):
            case "auth":
                self._log_in(said.get("key"), said.get("secret"), None)
            case "authenticate":
                self._log_in(data.get("key_id"), data.get("secret_key"), data.get("oauth_token"))
            case "listen" if self._account is not None:
                wanted = _STREAM in data.get("streams", [])
                self._told = {str(f.body["id"]) for f in self._fills()} if wanted else None
                self._reply("listening", {"streams": [_STREAM] if wanted else []})
            case _:
                self._reply("listening", {"error": "not authenticated"})

    def more(self) -> bytes:
        """Say what was asked for and has happened."""
        if self._told is not None:
            for fill in self._fills():
                if str(fill.body["id"]) not in self._told:
                    self._told.add(str(fill.body["id"]))
                    self._reply(_STREAM, self._update(fill))
        said = b"".join(json.dumps(reply).encode() + b"\n" for reply in self._replies)
        self._replies.clear()
        return said

    def _log_in(self, key: str | None, secret: str | None, token: str | None) -> None:
        self._account = self._find(key, secret, token)
        status = "authorized" if self._account else "unauthorized"
        self._reply("authorization", {"action": "authenticate", "status": status})

    def _fills(self) -> list[Activity]:
        found = self._account.visible(self._now()) if self._account else []
        return [activity for activity in found if activity.quantity]

    def _update(self, fill: Activity) -> dict[str, Any]:
        order_id = fill.body["order_id"]
        of_order = [f for f in self._fills() if f.body["order_id"] == order_id]
        return {
            "event": fill.body["type"],
            "execution_id": str(fill.body["id"]).partition("::")[2],
            "price": fill.body["price"],
            "qty": fill.body["qty"],
            "timestamp": fill.body["transaction_time"],
            "order": order_body(sorted(of_order, key=lambda f: f.created_at)),
        }

    def _reply(self, stream: str, data: Any) -> None:
        self._replies.append({"stream": stream, "data": data})
