"""Bars of spot currencies, metals and CFDs from OANDA's v20 candles: mid prices, tick volumes.

Source: developer.oanda.com/rest-live-v20/instrument-ep (read 2026-11-25).
"""

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from shared.domain.errors import AuthRejected, ContractBroken, NotFound
from shared.domain.market.bars import Series, Timeframe
from shared.domain.market.instrument import Hours
from shared.domain.time import Instant, iso
from shared.market.providers.asking import Ask, Asker, Refused, read_object
from shared.market.providers.folding import Candle, Wanted, fold
from shared.market.providers.source import Source

HOSTS = {"live": "https://api-fxtrade.oanda.com", "practice": "https://api-fxpractice.oanda.com"}
_GRANULARITY = {Timeframe.DAY: "D", Timeframe.HOUR: "H1"}
_SOURCE = Source("oanda", "OANDA", "OANDA prices, for the account's own use", _GRANULARITY)
_MOST = timedelta(hours=4900)  # at most 5,000 candles an answer


class _Prices(BaseModel):
    model_config = ConfigDict(frozen=True)

    o: float
    h: float
    l: float  # noqa: E741 - OANDA's name
    c: float


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    complete: bool
    volume: int
    time: Instant
    mid: _Prices


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True)

    candles: tuple[_Row, ...]


class OandaCandles:
    """Bars of one environment's instruments; what an account's division lacks is not found."""

    name = _SOURCE.name
    lag = timedelta()

    def __init__(self, asker: Asker, token: SecretStr, *, host: str = HOSTS["practice"]) -> None:
        self._asker = asker
        self._token = token
        self._host = host

    async def fetch(
        self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime
    ) -> Series:
        """Return complete bars of mid prices.

        Raises: NotFound, RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected,
        ContractBroken.
        """
        market, named = _SOURCE.find(symbol, timeframe)
        candles, start = list[Candle](), since
        step = _MOST if timeframe is Timeframe.HOUR else _MOST * 24
        while start < until:
            end = min(start + step, until)
            candles += await self._candles(named, timeframe, market.hours, (start, end))
            start = end
        days = timeframe is Timeframe.DAY
        folded = fold(Wanted(market, timeframe, since, until), candles, days=days)
        return _SOURCE.series(market, timeframe, folded.bars, folded.rejected, volume_kind="ticks")

    def bytes_of(self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime) -> int:
        """Tell that nothing is billed by size."""
        del symbol, timeframe, since, until
        return 0

    async def _candles(
        self, named: str, timeframe: Timeframe, hours: Hours, span: tuple[datetime, datetime]
    ) -> list[Candle]:
        params = {
            "price": "M",
            "granularity": _GRANULARITY[timeframe],
            "from": iso(span[0]),
            "to": iso(span[1]),
            # "24:00" is the midnight that a day begins with
            "dailyAlignment": str(hours.closes // timedelta(hours=1) % 24),
            "alignmentTimezone": hours.zone,
        }
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}"}
        ask = Ask(self._host, f"/v3/instruments/{named}/candles", params, headers=headers)
        try:
            body = read_object(await self._asker.ask(ask), "OANDA")
        except Refused as error:
            if error.status == 403:
                raise AuthRejected(str(error)) from error
            if error.status == 400 and error.says("Invalid value specified for 'instrument'"):
                raise NotFound(f"this OANDA account has no {named}") from error
            raise
        return _rows_of(body)


def _rows_of(body: object) -> list[Candle]:
    try:
        rows = _Body.model_validate(body).candles
    except ValidationError as error:
        raise ContractBroken(
            f"OANDA: candles of another shape ({error.error_count()} faults)"
        ) from error
    return [
        Candle(row.time, row.mid.o, row.mid.h, row.mid.l, row.mid.c, row.volume)
        for row in rows
        if row.complete
    ]
