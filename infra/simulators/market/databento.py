"""Databento's timeseries.get_range for continuous futures in CSV, with rolls at midnight UTC.

Source: databento.com/docs/api-reference-historical, standards-and-conventions/symbology; the error
bodies as public clients record them.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from infra.simulators.brokers.wire import Answer, Call, answer
from infra.simulators.brokers.world import Refused, World, form
from infra.simulators.market.prints import Print, Row, every, rows
from shared.domain.time import iso, parse_instant

_HEADER = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol"
_SCHEMAS = {"ohlcv-1m": (33, timedelta(minutes=1)), "ohlcv-1h": (34, timedelta(hours=1))}


@dataclass(frozen=True)
class Contract:
    """One month of a future; it leads from `leads_from` (a UTC day) until the next one does."""

    instrument_id: int
    leads_from: date
    prints: tuple[Print, ...]


@dataclass
class DatabentoWorld(World):
    """The historical API of one dataset.

    Shape: `contracts` by root, in order. `delay` is how long before now the data end; with
    `licensed_delay` a key may not even read up to there.
    """

    key: str = "db-simulated"
    delay: timedelta = timedelta()
    licensed_delay: timedelta | None = None
    contracts: dict[str, list[Contract]] = field(default_factory=dict)

    def route(self, call: Call) -> Answer:
        """Stream a range as CSV."""
        shown = base64.b64encode(f"{self.key}:".encode()).decode()
        if call.headers.get("authorization") != f"Basic {shown}":
            raise Refused(_error("auth_invalid_api_key", "Authentication failed.", 401))
        if (call.method, call.path) != ("POST", "/v0/timeseries.get_range"):
            raise Refused(answer({"detail": "Not Found"}, 404))
        asked = form(call)
        start, end = parse_instant(asked["start"]), parse_instant(asked["end"])
        self._within_reach(start, end)
        rtype, step = _SCHEMAS[asked["schema"]]
        found = [
            (row.at, symbol, contract.instrument_id, row)
            for symbol in asked["symbols"].split(",")
            for contract, row in self._rows(symbol, step)
            if start <= row.at < end
        ]
        lines = [_line(rtype, i, row, s) for _, s, i, row in sorted(found, key=lambda f: f[:3])]
        return Answer(200, "\n".join([_HEADER, *lines, ""]).encode(), {"content-type": "text/csv"})

    def _within_reach(self, start: datetime, end: datetime) -> None:
        if self.licensed_delay is not None and end > self.now() - self.licensed_delay:
            before = iso(self.now() - self.licensed_delay)
            text = (
                "Part or all of your request for dataset 'GLBX.MDP3' requires a subscription "
                f"and/or license to access. Try again with an end time before {before}."
            )
            raise Refused(_error("dataset_unavailable_range", text, 422))
        last = self.now() - self.delay
        if end > last:
            text = f"The dataset GLBX.MDP3 has data available up to '{last}'."
            payload = {"start": iso(start), "end": iso(end), "available_end": iso(last)}
            raise Refused(_error("data_end_after_available_end", text, 422, payload))

    def _rows(self, symbol: str, step: timedelta) -> Iterator[tuple[Contract, Row]]:
        root, _, rank = symbol.split(".")
        chain = self.contracts.get(root, [])
        for place, contract in enumerate(chain):
            for row in rows(contract.prints, every(step), self.now()):
                leader = max(
                    (i for i, c in enumerate(chain) if c.leads_from <= row.at.date()), default=-1
                )
                if leader + int(rank) == place:
                    yield contract, row


def _line(rtype: int, instrument_id: int, row: Row, symbol: str) -> str:
    prices = [str(int(row.prices[name] * 10**9)) for name in "ohlc"]
    at_ns = int(row.at.timestamp()) * 10**9
    return ",".join(
        [str(at_ns), str(rtype), "1", str(instrument_id), *prices, str(row.volume), symbol]
    )


def _error(case: str, message: str, status: int, payload: dict[str, str] | None = None) -> Answer:
    detail = {"case": case, "message": message, "status_code": status, "payload": payload}
    return answer({"detail": detail}, status)
