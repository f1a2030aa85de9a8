"""Cboe's file of an index: its whole history as one CSV with an ETag, a day added each evening.

Source: stored copies of the file (shared/market/providers/cboe.py); the ETag is one client's word.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from infra.simulators.brokers.wire import Answer, Call
from infra.simulators.brokers.world import Refused, World
from infra.simulators.market.prints import Print, Row, rows
from shared.domain.time import NEW_YORK

_PATH = re.compile(r"/api/global/us_indices/daily_prices/([A-Z0-9]+)_History\.csv")
_HEADER = "DATE,OPEN,HIGH,LOW,CLOSE"
_NOT_FOUND = b"<html><body><h1>404 Not Found</h1></body></html>"


def _as_they_are(lines: list[str]) -> list[str]:
    return lines


@dataclass
class CboeWorld(World):
    """The file store; `prints` by index are what each day's row is made of.

    Shape: `published` is when a day's row is added, in New York; `change` may spoil the lines.
    """

    prints: dict[str, list[Print]] = field(default_factory=dict)
    published: time = time(18)
    change: Callable[[list[str]], list[str]] = _as_they_are

    def route(self, call: Call) -> Answer:
        """Serve a file."""
        found = _PATH.fullmatch(call.path)
        if found is None or found.group(1) not in self.prints:
            raise Refused(Answer(404, _NOT_FOUND, {"content-type": "text/html"}))
        lines = [_HEADER, *map(_line, self._days(found.group(1)))]
        body = "".join(f"{line}\n" for line in self.change(lines)).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if call.headers.get("if-none-match") == etag:
            return Answer(304, b"", {"etag": etag})
        return Answer(200, body, {"content-type": "text/csv", "etag": etag})

    def _days(self, index: str) -> list[Row]:
        def midnight(at: datetime) -> datetime:
            day = at.astimezone(NEW_YORK).date()
            return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)

        def is_out(row: Row) -> bool:
            day = row.at.astimezone(NEW_YORK).date()
            return datetime.combine(day, self.published, NEW_YORK) <= self.now()

        return [row for row in rows(self.prints[index], midnight, self.now()) if is_out(row)]


def _line(row: Row) -> str:
    prices = (f"{row.prices[name]:.6f}" for name in "ohlc")
    return ",".join([f"{row.at.astimezone(NEW_YORK):%m/%d/%Y}", *prices])
