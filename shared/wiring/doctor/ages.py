"""How old the stored market data are."""

from datetime import datetime

from shared.config import BiasSettings
from shared.domain.errors import DaybiasError
from shared.domain.market.bars import Series, Timeframe
from shared.domain.time import iso
from shared.market.choice import is_current
from shared.market.registry import VIX, load_instruments, load_series
from shared.market.store import MarketStore
from shared.wiring.doctor.finding import Condition, Finding
from shared.wiring.foundation import Foundation


async def data_ages(settings: BiasSettings, base: Foundation) -> list[Finding]:
    """Tell how new the daily bars of each instrument and of the VIX are, and the calendar."""
    store, now = MarketStore(base.documents, base.clock, base.entropy), base.clock.now()
    found = []
    for symbol in (*load_instruments(), VIX):
        part = f"daily bars of {symbol}"
        try:
            series = await _newest(store, symbol, now)
            if series is None:
                found.append(Finding(part, Condition.ABSENT, "none are stored"))
                continue
            current = is_current(load_series()[series.symbol], series, now)
            newest = f"newest session {series.bars[-1].session}"
            found.append(Finding(part, Condition.OK if current else Condition.OLD, newest))
        except DaybiasError as error:
            found.append(Finding(part, Condition.BROKEN, str(error)))
    return [*found, await _calendar(settings, store, base)]


async def _newest(store: MarketStore, symbol: str, now: datetime) -> Series | None:
    instrument = load_instruments().get(symbol)
    if instrument is None:
        return await store.series(symbol, Timeframe.DAY, now)
    known = await store.price_series(instrument, Timeframe.DAY, now)
    return None if known is None else known[1]


async def _calendar(settings: BiasSettings, store: MarketStore, base: Foundation) -> Finding:
    source = settings.calendar_source
    try:
        body = await store.calendar(source, base.clock.now())
    except DaybiasError as error:
        return Finding("calendar", Condition.BROKEN, str(error))
    if body is None:
        return Finding("calendar", Condition.ABSENT, f"none of {source} is stored")
    return Finding("calendar", Condition.OK, f"{source}, fetched {iso(body.fetched_at)}")
