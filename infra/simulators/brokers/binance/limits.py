"""Weights of an IP address: used up they are refused, and who asks on is banned.

Source: binance/binance-spot-api-docs rest-api.md "LIMITS" (snapshot 2026-07-21).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from infra.simulators.brokers.binance.query import ms
from infra.simulators.brokers.wire import answer
from infra.simulators.brokers.world import Refused

_BAN = timedelta(minutes=2)
_PATIENCE = 3  # refusals that are ignored until the ban; how many is unverified
_WEIGHTS = {
    "/api/v3/myTrades": 20,
    "/api/v3/account": 20,
    "/api/v3/exchangeInfo": 20,
    "/api/v3/openOrders": 80,
    "/fapi/v1/userTrades": 5,
    "/fapi/v1/income": 30,
    "/fapi/v3/positionRisk": 5,
    "/fapi/v3/account": 5,
    "/fapi/v3/balance": 5,
}


@dataclass
class Weights:
    """The weight of one host: `most` a minute, and how it was kept."""

    most: int
    used: int = 0
    _minute: int = 0
    _ignored: int = 0
    _banned_until: datetime | None = None

    def take(self, path: str, now: datetime) -> None:
        """Count a request.

        Raises: Refused with 429, and with 418 for who goes on asking.
        """
        minute = int(now.timestamp()) // 60
        if minute != self._minute:
            self._minute, self.used, self._ignored = minute, 0, 0
        if self._banned_until is not None and now < self._banned_until:
            raise _banned(now, self._banned_until)
        self.used += _WEIGHTS.get(path, 1)
        if self.used <= self.most:
            return
        self._ignored += 1
        if self._ignored > _PATIENCE:
            self.ban(now + _BAN)
            raise _banned(now, now + _BAN)
        text = f"Too much request weight used; current limit is {self.most} request weight"
        raise _limited(429, text, 60 - int(now.timestamp()) % 60)

    def ban(self, until: datetime) -> None:
        """Refuse everything until then."""
        self._banned_until = until


@dataclass
class Hosts:
    """The weights of both hosts."""

    spot: Weights = field(default_factory=lambda: Weights(6000))
    futures: Weights = field(default_factory=lambda: Weights(2400))

    def of(self, path: str) -> Weights:
        """Choose by the path."""
        return self.futures if path.startswith("/fapi/") else self.spot


def _banned(now: datetime, until: datetime) -> Refused:
    text = f"Way too much request weight used; IP banned until {ms(until)}."
    return _limited(418, text, max(1, round((until - now).total_seconds())))


def _limited(status: int, text: str, retry_after_s: int) -> Refused:
    said = answer({"code": -1003, "msg": text}, status)
    ends = {**said.headers, "retry-after": str(retry_after_s)}
    return Refused(replace(said, headers=ends))
