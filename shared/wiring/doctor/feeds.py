"""Providers of market data: which there are, and whether each answers and takes its key."""

from collections.abc import Sequence
from datetime import timedelta

from shared.config import BiasSettings
from shared.domain.errors import DaybiasError, NotFound
from shared.domain.market.bars import FILES, Timeframe
from shared.market.providers import BarsProvider
from shared.market.registry import load_instruments, load_series
from shared.wiring.doctor.ages import data_ages
from shared.wiring.doctor.finding import Condition, Finding, tried
from shared.wiring.feeds import open_feeds
from shared.wiring.foundation import Foundation

_SPAN = timedelta(days=4)  # a weekend and a holiday have days before them; Databento bills 20 kB


async def market_data(settings: BiasSettings, base: Foundation) -> list[Finding]:
    """Name the providers, ask each for a few days, and tell how old the data are."""
    try:
        feeds = await open_feeds(settings, base)
    except DaybiasError as error:
        return [Finding("market data", Condition.BROKEN, str(error))]
    try:
        asked = [await _asked(one, base) for one in feeds.bars if one.name != FILES]
    finally:
        await feeds.close()
    return [_of_prices(feeds.bars), *asked, *await data_ages(settings, base)]


def _of_prices(providers: Sequence[BarsProvider]) -> Finding:
    """Name the providers; those that serve no instrument are none of prices."""
    series, names = load_series(), [provider.name for provider in providers]
    sources = [s.series for one in load_instruments().values() for s in one.sources]
    serving = {FILES, *(name for source in sources for name in series[source].providers)}
    if serving.isdisjoint(names):
        none = "no provider of prices has a key, no folder of files is given"
        only = f"; only {', '.join(names)}" if names else ""
        return Finding("market data", Condition.ABSENT, none + only)
    return Finding("market data", Condition.OK, ", ".join(names))


async def _asked(provider: BarsProvider, base: Foundation) -> Finding:
    until = base.clock.now() - provider.lag
    symbol = next(s for s, spec in load_series().items() if provider.name in spec.providers)

    async def few() -> str:
        try:
            found = await provider.fetch(symbol, Timeframe.DAY, until - _SPAN, until)
        except NotFound:
            return f"the key is taken; this account has no {symbol}"
        return f"{len(found.bars)} days of {symbol}"

    return await tried(f"market data of {provider.name}", few)
