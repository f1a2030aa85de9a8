"""Alpaca's market data: stock and crypto bars with page tokens, and news.

Source: docs.alpaca.markets/reference/stockbars, cryptobars, news-3.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World
from infra.simulators.market.prints import Print, Row, every, rows
from shared.domain.time import NEW_YORK, iso, parse_instant

_RECENT = timedelta(minutes=15)
_STEPS = {
    "5Min": timedelta(minutes=5),
    "30Min": timedelta(minutes=30),
    "1Hour": timedelta(hours=1),
}
_CHICAGO = ZoneInfo("America/Chicago")


@dataclass
class AlpacaMarketWorld(World):
    """The data host: who may ask, what traded, what was written.

    Shape: `prints` by symbol; `free` is the plan without recent consolidated prices; `news` holds
    articles as they go over the wire; `largest` bounds what a page may hold.
    """

    key_id: str = "PKSIMULATED"
    secret_key: str = "simulated-secret"  # noqa: S105 - of nobody
    free: bool = True
    largest: int = 10_000
    prints: dict[str, list[Print]] = field(default_factory=dict)
    news: list[dict[str, Any]] = field(default_factory=list)

    def route(self, call: Call) -> Answer:
        """Find bars or news."""
        shown = call.headers.get("apca-api-key-id"), call.headers.get("apca-api-secret-key")
        if shown != (self.key_id, self.secret_key):
            raise Refused(answer({"message": "forbidden."}, 403))
        if call.path == "/v2/stocks/bars":
            return self._stocks(call)
        if call.path == "/v1beta3/crypto/us/bars":
            return self._bars(call, _start_of(call.query["timeframe"], _CHICAGO))
        if call.path == "/v1beta1/news":
            return self._news(call)
        raise Refused(answer({"message": "endpoint not found."}, 404))

    def _stocks(self, call: Call) -> Answer:
        end = parse_instant(call.query["end"])
        if self.free and call.query.get("feed") == "sip" and end > self.now() - _RECENT:
            text = "subscription does not permit querying recent SIP data"
            raise Refused(answer({"message": text}, 403))
        return self._bars(call, _start_of(call.query["timeframe"], NEW_YORK))

    def _bars(self, call: Call, start_of: Callable[[datetime], datetime]) -> Answer:
        span = parse_instant(call.query["start"]), parse_instant(call.query["end"])
        found = [
            (symbol, row)
            for symbol in sorted(call.query["symbols"].split(","))
            for row in rows(self.prints.get(symbol, ()), start_of, self.now())
            if span[0] <= row.at <= span[1]
        ]
        page, token = self._page(found, call, default=1000)
        bars: dict[str, list[dict[str, Any]]] = {}
        for symbol, row in page:
            bars.setdefault(symbol, []).append(_bar(row))
        return answer({"bars": bars, "next_page_token": token})

    def _news(self, call: Call) -> Answer:
        span = parse_instant(call.query["start"]), parse_instant(call.query["end"])
        wanted = set(call.query.get("symbols", "").split(",")) - {""}
        found = [
            item
            for item in sorted(self.news, key=lambda item: str(item["updated_at"]))
            if span[0] <= parse_instant(item["updated_at"]) <= min(span[1], self.now())
            and (not wanted or wanted & set(item["symbols"]))
        ]
        page, token = self._page(found, call, default=10)
        return answer({"news": page, "next_page_token": token})

    def _page(self, found: list[Any], call: Call, *, default: int) -> tuple[list[Any], str | None]:
        token = call.query.get("page_token", "")
        start = int(base64.b64decode(token).decode()) if token else 0
        end = start + min(int(call.query.get("limit", default)), self.largest)
        more = end < len(found)
        return found[start:end], base64.b64encode(str(end).encode()).decode() if more else None


def _start_of(timeframe: str, zone: ZoneInfo) -> Callable[[datetime], datetime]:
    if timeframe == "1Day":
        return lambda at: at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    if timeframe not in _STEPS:
        raise Refused(answer({"message": f"invalid timeframe: {timeframe}"}, 400))
    return every(_STEPS[timeframe])


def _bar(row: Row) -> dict[str, Any]:
    prices = {name: float(price) for name, price in row.prices.items()}
    traded = sum((p.price * p.size for p in row.prints), Decimal())
    mean = float(round(traded / max(1, row.volume), 6))
    more = {"n": len(row.prints), "vw": mean, "v": row.volume}
    return {"t": iso(row.at), **prices, **more}
