"""Days of the VIX from the history that Cboe publishes: one CSV of all sessions since 1990, no key.

Source: the 655 copies that datasets/finance-vix stored from 2024 to 2026-07 (read 2026-11-26): the
columns, the dates, every session since 2011; rows of US holidays, when options trade in global
hours alone; 47 rows of before 2007 whose open or close lies outside of low..high; a session's row
at 19:43 in New York at the earliest, still lacking in two of five evenings, in none of 386
mornings. That rows come from 18:00 on, and that the answer has an ETag, is the word of one public
client each. cboe.com/terms: for personal, noncommercial use. Cboe itself was never asked.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import httpx

from shared.domain.errors import ContractBroken, InvalidInput, NotFound
from shared.domain.market.bars import Series, Timeframe
from shared.domain.market.instrument import PriceSeries
from shared.market.providers.asking import Ask, Asker
from shared.market.providers.folding import Candle, Wanted, fold
from shared.market.providers.source import Source
from shared.market.sessions import is_session, session_open

HOST = "https://cdn.cboe.com"
_SOURCE = Source(
    "cboe", "Cboe", "Cboe's terms of use: personal and noncommercial", (Timeframe.DAY,)
)
_PATH = "/api/global/us_indices/daily_prices/{}_History.csv"
_AGENT = "daybias (one file a session)"
_UNCHANGED = 304
_PUBLISHED = timedelta(hours=1, minutes=45)  # 18:00 in New York, at the earliest
_PRICES = ("OPEN", "HIGH", "LOW", "CLOSE")
_DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})", re.ASCII)
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class _Known:
    """The newest history that was sent, and its mark."""

    etag: str
    text: str


class CboeHistory:
    """Days of the indexes that the registry names; what has not changed is not sent again."""

    name = _SOURCE.name
    lag = _PUBLISHED

    def __init__(self, asker: Asker, *, host: str = HOST) -> None:
        self._asker = asker
        self._host = host
        self._known: dict[str, _Known] = {}

    async def fetch(
        self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime
    ) -> Series:
        """Return the days whose close has been; the rows of before `since` are not looked at.

        Raises: NotFound, RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected,
        ContractBroken, also where the file has moved or a date is of another form.
        """
        market, named = _SOURCE.find(symbol, timeframe)
        wanted = Wanted(market, timeframe, since, until)
        candles, rejected = _read(await self._history(named), wanted)
        folded = fold(wanted, candles)
        return _SOURCE.series(market, timeframe, folded.bars, [*rejected, *folded.rejected])

    def bytes_of(self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime) -> int:
        """Tell that nothing is billed by size."""
        del symbol, timeframe, since, until
        return 0

    async def _history(self, named: str) -> list[tuple[date, Mapping[str, str]]]:
        known = self._known.get(named)
        headers = {"User-Agent": _AGENT}
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        path = _PATH.format(named)
        try:
            response = await self._asker.ask(Ask(self._host, path, headers=headers))
        except NotFound as error:  # the series is served, so its file has moved
            raise ContractBroken(f"Cboe: {path} is not there any more") from error
        if response.status_code != _UNCHANGED:
            known = _Known(response.headers.get("ETag", ""), _text(response))
        elif known is None:
            raise ContractBroken("Cboe: unchanged since what nobody has")
        rows = list(_rows(known.text))
        if not rows:
            raise ContractBroken("Cboe: a history without any day")
        self._known[named] = known  # only what could be read
        return rows


def _text(response: httpx.Response) -> str:
    try:
        return response.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractBroken("Cboe: an answer that is no text") from error


def _rows(text: str) -> Iterator[tuple[date, Mapping[str, str]]]:
    """Yield each day with its row; a single date of another form puts all of them in doubt."""
    reader = csv.DictReader(text.splitlines())
    try:
        lacking = {"DATE", *_PRICES} - set(reader.fieldnames or ())
        if lacking:
            raise ContractBroken(f"Cboe: a history without the columns {sorted(lacking)}")
        for row in reader:
            yield _day(row["DATE"] or ""), row
    except csv.Error as error:
        raise ContractBroken("Cboe: an answer that is no CSV") from error


def _day(text: str) -> date:
    found = _DATE.fullmatch(text)
    try:
        month, day, year = map(int, found.groups() if found else ())
        return date(year, month, day)
    except ValueError as error:
        raise ContractBroken(f"Cboe: expected a date as MM/DD/YYYY, found {text!r:.40}") from error


def _read(
    rows: list[tuple[date, Mapping[str, str]]], wanted: Wanted
) -> tuple[list[Candle], list[str]]:
    candles, rejected = list[Candle](), list[str]()
    first, last = wanted.since.date(), wanted.until.date()
    for day, row in rows:
        if not first <= day <= last:
            continue
        try:
            if not _is_holiday(wanted.market, day):
                candles.append(_candle(row, session_open(wanted.market, day)))
        except (ValueError, InvalidInput) as error:  # InvalidInput: beyond the session table
            rejected.append(f"{wanted.market.symbol} {day}: {error}")
    return candles, rejected


def _is_holiday(market: PriceSeries, day: date) -> bool:
    """Tell whether a row of global hours alone is no surprise; at weekends nothing trades."""
    if day.weekday() >= _SATURDAY:
        raise ValueError("a day of the weekend")
    return not is_session(market, day)


def _candle(row: Mapping[str, str], at: datetime) -> Candle:
    if None in row:
        raise ValueError("more fields than columns")
    o, h, low, c = (float(row[name] or "nan") for name in _PRICES)
    if min(o, h, low, c) <= 0:
        raise ValueError("an index that is not above 0")
    return Candle(at, o, h, low, c, None)
