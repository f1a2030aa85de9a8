"""Providers of market data: which there are, and whether each takes its key."""

from datetime import timedelta

from shared.config import BiasSettings
from shared.domain.errors import DaybiasError, NotFound
from shared.domain.market.bars import FILES, Timeframe
from shared.market.providers import BarsProvider
from shared.market.registry import load_series
from shared.wiring.doctor.ages import data_ages
from shared.wiring.doctor.finding import Condition, Finding, tried
from shared.wiring.feeds import open_feeds
from shared.wiring.foundation import Foundation

_SPAN = timedelta(days=4)  # a weekend and a holiday have days before them; Databento bills 20 kB


async def market_data(settings: BiasSettings, base: Foundation) -> list[Finding]:
    """Name the providers, ask each that has a key for a few days, and tell how old the data are."""
    try:
        feeds = await open_feeds(settings, base)
    except DaybiasError as error:
        return [Finding("market data", Condition.BROKEN, str(error))]
    try:
        asked = [await _asked(one, base) for one in feeds.bars if one.name != FILES]
    finally:
        await feeds.close()
    names = [provider.name for provider in feeds.bars]
    condition = Condition.OK if names else Condition.ABSENT
    who = ", ".join(names) or "no provider has a key, no folder of files is given"
    return [Finding("market data", condition, who), *asked, *await data_ages(settings, base)]


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
