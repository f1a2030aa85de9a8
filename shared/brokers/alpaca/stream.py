"""Alpaca's websocket of trade updates.

Source: https://docs.alpaca.markets/docs/websocket-streaming and "Using OAuth2 and Trading API"
(read 2026-11). Its execution ids are not known to be the log's, one more reason to use none.
"""

from collections.abc import Mapping
from typing import Any

from shared.brokers.engine.streaming import Said, Stream

_LISTEN = {"action": "listen", "data": {"streams": ["trade_updates"]}}
# a tuple: a message may hold what cannot be in a set
_BOOKED = ("fill", "partial_fill", "trade_bust", "trade_correct")


def greeting(headers: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
    """Show the login as the stream wants it, then ask for trade updates."""
    if "APCA-API-KEY-ID" in headers:
        key, secret = headers["APCA-API-KEY-ID"], headers["APCA-API-SECRET-KEY"]
        return {"action": "auth", "key": key, "secret": secret}, _LISTEN
    token = headers["Authorization"].removeprefix("Bearer ")
    return {"action": "authenticate", "data": {"oauth_token": token}}, _LISTEN


def read(message: Any) -> Said:
    """Say what a message comes to."""
    told = message if isinstance(message, Mapping) else {}
    data = told.get("data")
    data = data if isinstance(data, Mapping) else {}
    if told.get("stream") == "authorization" and data.get("status") != "authorized":
        return Said.REFUSED
    booked = told.get("stream") == "trade_updates" and data.get("event") in _BOOKED
    return Said.BOOKED if booked else Said.NOTHING


STREAM = Stream(
    hosts={"live": "wss://api.alpaca.markets", "paper": "wss://paper-api.alpaca.markets"},
    paths=lambda _: ["/stream"],  # a key reaches one account
    read=read,
    greeting=greeting,
)
