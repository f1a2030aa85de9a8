"""Bars of stocks, ETFs and crypto from Alpaca's market data API.

Days of shares are Alpaca's own; hours are made of half hours, so that no trade of before the bell
is in them. Days of crypto are made of hours: Alpaca's own begin at midnight in Chicago, ours at
midnight UTC.
Source: docs.alpaca.markets/reference/stockbars, cryptobars (read 2026-11-25).
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from shared.domain.errors import AuthRejected, ContractBroken
from shared.domain.market.bars import Series, Timeframe
from shared.domain.time import Instant, iso
from shared.market.providers.asking import Ask, Asker, Refused, read_object
from shared.market.providers.folding import Candle, Wanted, fold
from shared.market.providers.source import Source

HOST = "https://data.alpaca.markets"
_SOURCE = Source(
    "alpaca",
    "Alpaca",
    "Alpaca market data, for the account's own use",
    (Timeframe.DAY, Timeframe.HOUR, Timeframe.FIVE_MINUTES),
)
# Hours begin at the bell, at half past.
_WORDS = {Timeframe.DAY: "1Day", Timeframe.HOUR: "30Min", Timeframe.FIVE_MINUTES: "5Min"}
_PAGE = "10000"
_PAGES = 200  # of one question: a token that never ends is no history
# The free plan gives consolidated prices that are 15 minutes old; IEX alone is 3 % of the tape.
_RECENT = timedelta(minutes=16)


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    t: Instant
    o: float
    h: float
    l: float  # noqa: E741 - Alpaca's name
    c: float
    v: float


@dataclass(frozen=True, slots=True)
class AlpacaKeys:
    """A key pair of any Alpaca account."""

    key_id: str
    secret_key: SecretStr

    @property
    def headers(self) -> Mapping[str, str]:
        """Show who asks."""
        return {
            "APCA-API-KEY-ID": self.key_id,
            "APCA-API-SECRET-KEY": self.secret_key.get_secret_value(),
        }


class AlpacaData:
    """Split-adjusted bars, never dividend-adjusted: those would move old levels."""

    name = _SOURCE.name
    lag = _RECENT

    def __init__(self, asker: Asker, keys: AlpacaKeys, *, host: str = HOST) -> None:
        self._asker = asker
        self._keys = keys
        self._host = host

    async def fetch(
        self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime
    ) -> Series:
        """Return whole bars that are at least 16 minutes old.

        Raises: NotFound, RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected,
        ContractBroken.
        """
        market, named = _SOURCE.find(symbol, timeframe)
        crypto = "/" in named
        until = until if crypto else until - _RECENT
        candles = [
            row async for row in self._rows(named, _words(timeframe, crypto=crypto), since, until)
        ]
        days = timeframe is Timeframe.DAY and not crypto
        folded = fold(Wanted(market, timeframe, since, until), candles, days=days)
        return _SOURCE.series(market, timeframe, folded.bars, folded.rejected)

    def bytes_of(self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime) -> int:
        """Tell that nothing is billed by size."""
        del symbol, timeframe, since, until
        return 0

    async def _rows(
        self, named: str, words: str, since: datetime, until: datetime
    ) -> AsyncIterator[Candle]:
        crypto = "/" in named
        params = {"symbols": named, "timeframe": words, "limit": _PAGE, "sort": "asc"}
        # a day is stamped at its midnight, before its session opens
        params |= {"start": iso(since - timedelta(days=1)), "end": iso(until)}
        if not crypto:
            params |= {"adjustment": "split", "feed": "sip"}
        path = "/v1beta3/crypto/us/bars" if crypto else "/v2/stocks/bars"
        for _ in range(_PAGES):
            body = await self._ask(path, params)
            for row in _rows_of(body, named):
                yield row
            token = body.get("next_page_token")
            if token is None:
                return
            params |= {"page_token": str(token)}
        raise ContractBroken(f"Alpaca: {path} gave {_PAGES} pages, without end")

    async def _ask(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        ask = Ask(self._host, path, params, headers=self._keys.headers)
        try:
            return read_object(await self._asker.ask(ask), "Alpaca")
        except Refused as error:
            if error.status == 403 and not error.says("subscription"):
                raise AuthRejected(str(error)) from error
            raise


def _words(timeframe: Timeframe, *, crypto: bool) -> str:
    if crypto:
        return "1Hour"
    return _WORDS[timeframe]


def _rows_of(body: Mapping[str, Any], named: str) -> list[Candle]:
    bars = body.get("bars")
    rows = (bars.get(named) or []) if isinstance(bars, dict) else None
    if not isinstance(rows, list):
        raise ContractBroken("Alpaca: expected `bars` by symbol")
    try:
        read = [_Row.model_validate(row) for row in rows]
    except ValidationError as error:
        raise ContractBroken(
            f"Alpaca: a bar of another shape ({error.error_count()} faults)"
        ) from error
    return [Candle(r.t, r.o, r.h, r.l, r.c, r.v) for r in read]
