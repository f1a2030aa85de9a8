"""Bars of CME futures from Databento: the continuous series by volume, with its rolls measured.

Days are made of hours, or of minutes where the settlement lies within an hour: Databento's own
follow UTC. A key's historical access may end hours before now; then it is asked up to there.
Source: databento.com/docs/api-reference-historical and schemas/ohlcv (read 2026-11-25).
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
from pydantic import SecretStr

from shared.domain.errors import AuthRejected, ContractBroken
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.domain.market.instrument import PriceSeries
from shared.domain.time import iso, parse_instant
from shared.market.providers.asking import Ask, Asker, Refused
from shared.market.providers.folding import Candle, Wanted, fold
from shared.market.providers.source import Source

HOST = "https://hist.databento.com"
_SOURCE = Source(
    "databento",
    "Databento",
    "Databento GLBX.MDP3, under the key's own licence",
    (Timeframe.DAY, Timeframe.HOUR, Timeframe.FIVE_MINUTES),
)
_PATH = "/v0/timeseries.get_range"
_CHUNK = timedelta(days=31)  # of minutes, so that one answer stays small
_BEFORE = timedelta(days=4)  # read earlier, so that a roll at the border has a row before it
_LOOK_BACK = 240  # rows in which both contracts may have traded last
_UNIT = 1e9
_RECORD = 56  # bytes of one OHLCV record, by which is billed
_TOLD_END = re.compile(r"end time before (\d{4}-\d\d-\d\dT[\d:.]+Z)")
_COLUMNS = {"ts_event", "instrument_id", "open", "high", "low", "close", "volume", "symbol"}


class Databento:
    """Bars of the futures that the registry names, each row of the contract of its day."""

    name = _SOURCE.name

    def __init__(self, asker: Asker, key: SecretStr, *, host: str = HOST) -> None:
        self._asker = asker
        self._key = key
        self._host = host
        self.lag = timedelta()  # until a refusal tells how far back the key's wall stands

    async def fetch(
        self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime
    ) -> Series:
        """Return whole bars up to where the key may read; the first after a roll is marked.

        Raises: NotFound, RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected,
        ContractBroken.
        """
        market, named = _SOURCE.find(symbol, timeframe)
        schema = _schema(market, timeframe)
        bars, rejected = list[Bar](), list[str]()
        step = _CHUNK if schema == "ohlcv-1m" else until - since
        start = since
        while start < until:
            end = min(start + step, until)
            read, told_end = await self._rows(named, schema, start - _BEFORE, end)
            own = [row for name, row in read if name == named]
            factors, faults = _roll_factors(own, [row for name, row in read if name != named])
            # a session that lies across two chunks belongs to the later one, which reads it whole
            wanted = Wanted(market, timeframe, start - _BEFORE, told_end)
            folded = fold(wanted, own, factors=factors)
            bars += [
                bar for bar in folded.bars if start <= bar.closed_at and since <= bar.opened_at
            ]
            rejected += [f"{symbol}: {fault}" for fault in faults] + folded.rejected
            start = end if told_end == end else until
        return _SOURCE.series(
            market,
            timeframe,
            tuple({bar.opened_at: bar for bar in bars}.values()),
            tuple(dict.fromkeys(rejected)),
        )

    def bytes_of(self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime) -> int:
        """Estimate what a fetch is billed for at most: every minute or hour of it traded.

        Raises: NotFound.
        """
        market, _ = _SOURCE.find(symbol, timeframe)
        minutes = _schema(market, timeframe) == "ohlcv-1m"
        step = timedelta(minutes=1) if minutes else timedelta(hours=1)
        asked = -(-(until - since) // _CHUNK) if minutes else 1
        return 2 * _RECORD * ((until - since + asked * _BEFORE) // step)  # two contracts

    async def _rows(
        self, named: str, schema: str, start: datetime, end: datetime
    ) -> tuple[list[tuple[str, Candle]], datetime]:
        try:
            return _read(await self._ask(named, schema, start, end)), end
        except Refused as error:
            readable, is_wall = _readable_end(error.response)
            if error.status == 403 and readable is None:
                raise AuthRejected(str(error)) from error
            if readable is None:
                raise
            if is_wall:
                self.lag = end - readable
        if readable <= start:
            return [], readable
        return _read(await self._ask(named, schema, start, readable)), readable

    async def _ask(self, named: str, schema: str, start: datetime, end: datetime) -> httpx.Response:
        form = {
            "dataset": "GLBX.MDP3",
            "symbols": f"{named},{_next(named)}",
            "stype_in": "continuous",
            "schema": schema,
            "start": iso(start),
            "end": iso(end),
            "encoding": "csv",
            "map_symbols": "true",
        }
        shown = httpx.BasicAuth(self._key.get_secret_value(), "")
        header = next(shown.auth_flow(httpx.Request("POST", self._host))).headers["Authorization"]
        ask = Ask(self._host, _PATH, form=form, headers={"Authorization": header})
        return await self._asker.ask(ask)


def _schema(market: PriceSeries, timeframe: Timeframe) -> str:
    whole = market.hours.closes % timedelta(hours=1) == timedelta()
    hours = timeframe is Timeframe.HOUR or (timeframe is Timeframe.DAY and whole)
    return "ohlcv-1h" if hours else "ohlcv-1m"


def _next(named: str) -> str:
    root, rule, rank = named.split(".")
    return f"{root}.{rule}.{int(rank) + 1}"


def _readable_end(response: httpx.Response) -> tuple[datetime | None, bool]:
    """Read up to when a refused request would be answered, and whether a licence says so."""
    try:
        detail = json.loads(response.content)["detail"]
        case, payload = detail["case"], detail.get("payload") or {}
        if case == "data_end_after_available_end":
            return parse_instant(payload["available_end"]), False
        told = _TOLD_END.search(detail["message"]) if case == "dataset_unavailable_range" else None
        return (parse_instant(told.group(1)), True) if told else (None, False)
    except (ValueError, KeyError, TypeError):
        return None, False


def _read(response: httpx.Response) -> list[tuple[str, Candle]]:
    try:
        return list(_lines(response.content.decode()))
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise ContractBroken("Databento: an answer that is no CSV of bars") from error


def _lines(text: str) -> Iterator[tuple[str, Candle]]:
    reader = csv.DictReader(text.splitlines())
    lacking = _COLUMNS - set(reader.fieldnames or ())
    if lacking and text.strip():
        raise ValueError(f"missing columns {sorted(lacking)}")
    for row in reader:
        yield row["symbol"], _candle(row)


def _candle(row: Mapping[str, Any]) -> Candle:
    o, h, low, c = (int(row[name]) / _UNIT for name in ("open", "high", "low", "close"))
    at = datetime.fromtimestamp(int(row["ts_event"]) // 10**9, UTC)
    return Candle(at, o, h, low, c, float(int(row["volume"])), row["instrument_id"])


def _roll_factors(
    own: Sequence[Candle], next_ones: Sequence[Candle]
) -> tuple[dict[datetime, float], list[str]]:
    """Measure each roll where both contracts last traded at one time; say which could not be."""
    closes = {(row.at, row.contract): row.close for row in next_ones}
    factors, faults = dict[datetime, float](), list[str]()
    for place, (before, after) in enumerate(pairwise(own)):
        if before.contract == after.contract:
            continue
        earlier = reversed(own[max(0, place - _LOOK_BACK) : place + 1])
        pairs = ((row.close, closes.get((row.at, after.contract), 0.0)) for row in earlier)
        found = next((new / old for old, new in pairs if old > 0 and new > 0), None)
        factors[after.at] = found or 1.0
        if found is None:
            faults.append(f"the roll at {after.at:%Y-%m-%dT%H:%M} is marked, its gap is not known")
    return factors, faults
