"""OANDA's v20 candles: text prices, aligned days, an incomplete last candle.

Source: developer.oanda.com/rest-live-v20/instrument-ep.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World, bearer
from infra.simulators.market.prints import Print, every, rows
from shared.domain.time import parse_instant

_PATH = re.compile(r"/v3/instruments/([A-Z0-9_]+)/candles")
_STEPS = {"M1": timedelta(minutes=1), "H1": timedelta(hours=1), "H4": timedelta(hours=4)}
_MOST = 5000


@dataclass
class OandaMarketWorld(World):
    """The price half of the API; `prints` by instrument are its mid prices."""

    token: str = "simulated-token"  # noqa: S105 - of nobody
    prints: dict[str, list[Print]] = field(default_factory=dict)

    def route(self, call: Call) -> Answer:
        """Find candles."""
        if bearer(call) != self.token:
            raise Refused(_error("Insufficient authorization to perform request.", 401))
        found = _PATH.fullmatch(call.path)
        if found is None:
            raise Refused(_error("The endpoint does not exist", 404))
        instrument = found.group(1)
        if instrument not in self.prints:
            raise Refused(_error("Invalid value specified for 'instrument'", 400))
        start, end = parse_instant(call.query["from"]), parse_instant(call.query["to"])
        if "count" in call.query:
            raise Refused(_error("'count' cannot be specified when 'to' and 'from' are set", 400))
        if end > self.now():
            raise Refused(_error("Invalid value specified for 'to'. Time is in the future", 400))
        granularity = call.query.get("granularity", "S5")
        begins, ends = _borders(granularity, call)
        candles = [
            {
                "complete": ends(row.at) <= self.now(),
                "volume": len(row.prints),
                "time": f"{row.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000000000Z",
                "mid": {name: str(price) for name, price in row.prices.items()},
            }
            for row in rows(self.prints[instrument], begins, self.now())
            if start <= row.at < end
        ]
        if len(candles) > _MOST:
            raise Refused(_error("Maximum value for 'count' exceeded", 400))
        body = {"instrument": instrument, "granularity": granularity, "candles": candles}
        return answer(body)


def _borders(
    granularity: str, call: Call
) -> tuple[Callable[[datetime], datetime], Callable[[datetime], datetime]]:
    if granularity != "D":
        step = _STEPS[granularity]
        return every(step), lambda at: at + step
    hour = int(call.query.get("dailyAlignment", "17"))
    zone = ZoneInfo(call.query.get("alignmentTimezone", "America/New_York"))

    def begins(at: datetime) -> datetime:
        local = at.astimezone(zone)
        day = local.date() - timedelta(days=int(local.hour < hour))
        return datetime.combine(day, time(hour), zone).astimezone(UTC)

    def ends(at: datetime) -> datetime:
        next_day = at.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(next_day, time(hour), zone).astimezone(UTC)

    return begins, ends


def _error(message: str, status: int) -> Answer:
    body: dict[str, Any] = {"errorMessage": message}
    return answer(body, status)
