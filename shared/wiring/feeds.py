"""Which data providers are asked: those that have a key or need none, then files."""

import json
from dataclasses import dataclass, replace

import httpx
from pydantic import SecretStr

from shared.config import BiasSettings
from shared.domain.errors import ConfigError, NotFound
from shared.market.news import NewsProvider
from shared.market.providers import (
    BarsProvider,
    CalendarProvider,
    alpaca_data,
    cboe,
    databento,
    forexfactory,
    oanda_candles,
)
from shared.market.providers.alpaca_data import AlpacaData, AlpacaKeys
from shared.market.providers.alpaca_news import AlpacaNews
from shared.market.providers.asking import TIMEOUT, Asker
from shared.market.providers.cboe import CboeHistory
from shared.market.providers.csv_calendar import CsvCalendar
from shared.market.providers.csv_files import CsvFiles
from shared.market.providers.databento import Databento
from shared.market.providers.forexfactory import ForexFactory
from shared.market.providers.oanda_candles import OandaCandles
from shared.wiring.foundation import Foundation

_ALPACA_PACE_S = 0.35  # the free plan takes 200 calls a minute
_OANDA_PACE_S = 0.1
_DATABENTO_PACE_S = 0.2


@dataclass(frozen=True, slots=True)
class Feeds:
    """The providers, and the connections behind them, which their owner closes."""

    bars: list[BarsProvider]
    calendar: CalendarProvider | None
    news: NewsProvider | None
    client: httpx.AsyncClient

    async def close(self) -> None:
        """Release what was opened."""
        await self.client.aclose()


async def open_feeds(settings: BiasSettings, base: Foundation) -> Feeds:
    """Choose the providers; one without a key is left out.

    Raises: ConfigError when a secret is not what it should be, StoreUnavailable.
    """
    from shared.adapters.trusted import trusted

    client = httpx.AsyncClient(timeout=TIMEOUT, verify=trusted())
    opening = _Opening(settings, base, Asker("", client, base.clock, base.entropy, 0.0))
    keys = await opening.alpaca_keys()
    alpaca = None if keys is None else opening.alpaca(keys)
    news = None if keys is None else opening.alpaca_news(keys)
    bars = [await opening.databento(), await opening.oanda(), alpaca, opening.cboe()]
    folder = settings.data_dir
    files = None if folder is None else CsvFiles(folder)
    found = [provider for provider in (*bars, files) if provider is not None]
    return Feeds(found, opening.calendar(), news, client)


@dataclass(frozen=True, slots=True)
class _Opening:
    settings: BiasSettings
    base: Foundation
    asker: Asker

    async def alpaca_keys(self) -> AlpacaKeys | None:
        key_id, secret = self.settings.alpaca_data_key_id, self.settings.alpaca_data_secret_key
        if key_id is None or secret is None:
            fields = await self._secret(self.settings.alpaca_data_secret, "key_id", "secret_key")
            if fields is None:
                return None
            key_id, secret = fields["key_id"], SecretStr(fields["secret_key"])
        return AlpacaKeys(key_id, secret)

    def alpaca(self, keys: AlpacaKeys) -> BarsProvider:
        asker = replace(self.asker, title="Alpaca", pace_s=_ALPACA_PACE_S)
        return AlpacaData(asker, keys, host=self._host("alpaca", alpaca_data.HOST))

    def alpaca_news(self, keys: AlpacaKeys) -> NewsProvider:
        asker = replace(self.asker, title="Alpaca news", pace_s=_ALPACA_PACE_S)
        return AlpacaNews(asker, keys, host=self._host("alpaca", alpaca_data.HOST))

    async def oanda(self) -> BarsProvider | None:
        token, environment = self.settings.oanda_data_token, self.settings.oanda_data_environment
        if token is None:
            fields = await self._secret(self.settings.oanda_data_secret, "token", "environment")
            if fields is None:
                return None
            token, chosen = SecretStr(fields["token"]), fields["environment"]
            if chosen not in oanda_candles.HOSTS:
                raise ConfigError([f"{self.settings.oanda_data_secret}: no environment {chosen!r}"])
            host = oanda_candles.HOSTS[chosen]
        else:
            host = oanda_candles.HOSTS[environment]
        asker = replace(self.asker, title="OANDA", pace_s=_OANDA_PACE_S)
        return OandaCandles(asker, token, host=self._host("oanda", host))

    async def databento(self) -> BarsProvider | None:
        key = self.settings.databento_key
        if key is None:
            fields = await self._secret(self.settings.databento_secret, "key")
            if fields is None:
                return None
            key = SecretStr(fields["key"])
        asker = replace(self.asker, title="Databento", pace_s=_DATABENTO_PACE_S)
        return Databento(asker, key, host=self._host("databento", databento.HOST))

    def cboe(self) -> BarsProvider | None:
        if not self.settings.cboe:
            return None
        asker = replace(self.asker, title="Cboe")
        return CboeHistory(asker, host=self._host("cboe", cboe.HOST))

    def calendar(self) -> CalendarProvider | None:
        if self.settings.data_dir is not None:
            return CsvCalendar(self.settings.data_dir)
        if not self.settings.forexfactory:
            return None
        asker = replace(self.asker, title="ForexFactory")
        return ForexFactory(asker, host=self._host("forexfactory", forexfactory.HOST))

    def _host(self, name: str, real: str) -> str:
        return self.settings.market_hosts.get(name, real)

    async def _secret(self, name: str, *fields: str) -> dict[str, str] | None:
        """Read a secret of these text fields; none where nobody has given it a value."""
        try:
            value = (await self.base.secrets.get(name)).value
        except NotFound:
            return None
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or not all(isinstance(found.get(f), str) for f in fields):
            raise ConfigError([f"secret {name}: expected a JSON object with {', '.join(fields)}"])
        return found
