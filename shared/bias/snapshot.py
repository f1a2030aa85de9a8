"""What may be known for one bias at one instant, collected from the market store and frozen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.bias.moments import Occasion, edges
from shared.domain.bias import Provenance, Snapshot, Unavailable
from shared.domain.market.bars import Series, Timeframe
from shared.domain.market.events import CalendarEvent
from shared.domain.market.instrument import Instrument, PriceSource
from shared.domain.time import iso
from shared.features.inputs import FeatureInputs
from shared.features.table import compute
from shared.market.choice import is_current
from shared.market.registry import LEADERS, LEADERS_IN_ALL, VIX, load_series
from shared.market.sessions import is_session, next_session, previous_session, session_close
from shared.market.store import MarketStore

_CALENDAR_OLD = timedelta(hours=24)  # older is said
_CALENDAR_USELESS = timedelta(days=7)  # older no longer covers the session


@dataclass(frozen=True, slots=True)
class _Prices:
    source: PriceSource
    daily: Series


@dataclass(frozen=True, slots=True)
class _Minutes:
    """Bars of five minutes; `wanted` where they say which side moves first."""

    wanted: bool = False
    own: Series | None = None
    leaders: dict[str, Series] = field(default_factory=dict)

    @property
    def missing(self) -> str | None:
        whole = self.own is not None and self.leaders
        return None if whole or not self.wanted else "five-minute bars"


@dataclass(frozen=True, slots=True)
class _Context:
    """What stands beside the prices, and what of it is missing."""

    hourly: Series | None
    minutes: _Minutes
    leaders: dict[str, Series]
    vix: Series | None
    events: tuple[CalendarEvent, ...] | None
    missing: tuple[str, ...]


async def take_snapshot(
    store: MarketStore, occasion: Occasion, as_of: datetime, *, calendar_source: str
) -> Snapshot | Unavailable:
    """Freeze what was known at `as_of`, or say why there is no bias.

    Idempotent: the same store, occasion and instant give the same snapshot and hash.
    Raises: StoreUnavailable, InvalidInput for a date beyond the session table.
    """
    instrument, session = occasion.instrument, occasion.session
    found = await store.price_series(instrument, Timeframe.DAY, as_of)
    if found is None:
        reason = instrument.missing or f"no daily bars of {_tried(instrument)} are stored"
        return Unavailable(instrument=instrument.symbol, session=session, reason=reason)
    prices = _Prices(*found)
    if stale := _staleness(prices, occasion, as_of):
        return Unavailable(instrument=instrument.symbol, session=session, reason=stale)
    minutes = await _minutes(store, instrument, as_of)
    context = await _context(store, prices.source, minutes, as_of, calendar_source)
    return _freeze(occasion, as_of, prices, context)


def _tried(instrument: Instrument) -> str:
    return " or ".join(source.series for source in instrument.sources)


def _staleness(prices: _Prices, occasion: Occasion, as_of: datetime) -> str | None:
    """Say what is wrong when the newest bar is not that of the session before.

    A stand-in closes at its own time: spot gold's day is still running when gold futures settle.
    """
    spec = load_series()[prices.source.series]
    due = previous_session(occasion.instrument, occasion.session)
    if not is_session(spec, due):
        due = previous_session(spec, due)
    newest = prices.daily.bars[-1].session
    if newest >= due:
        return None
    closes_at = session_close(spec, due)
    when = "closed" if closes_at <= as_of else "closes"
    return (
        f"the newest daily bar of {spec.symbol} is of {newest}; the bias of {occasion.session} "
        f"needs that of {due}, which {when} at {iso(closes_at)}"
    )


async def _context(
    store: MarketStore,
    source: PriceSource,
    minutes: _Minutes,
    as_of: datetime,
    calendar_source: str,
) -> _Context:
    hourly = await _hourly(store, source, as_of)
    leaders = {s: await store.series(s, Timeframe.DAY, as_of) for s in LEADERS}
    at_hand = {symbol: series for symbol, series in leaders.items() if series is not None}
    vix = await store.series(VIX, Timeframe.DAY, as_of)
    events, calendar_fault = await calendar_at(store, as_of, calendar_source)
    missing = [
        None if hourly else "hourly bars",
        minutes.missing,
        _vix_missing(vix, as_of),
        _leaders_missing(len(at_hand)),
        calendar_fault,
    ]
    return _Context(hourly, minutes, at_hand, vix, events, tuple(m for m in missing if m))


def _vix_missing(vix: Series | None, as_of: datetime) -> str | None:
    """Say that the VIX is not there, or that its newest close was not published by then."""
    if vix is None:
        return "VIX"
    if is_current(load_series()[VIX], vix, as_of):
        return None
    return f"the newest close of the VIX (this one is of {vix.bars[-1].session})"


def _leaders_missing(at_hand: int) -> str | None:
    lacking = LEADERS_IN_ALL - at_hand
    return f"{lacking} of {LEADERS_IN_ALL} leaders" if lacking else None


async def _hourly(store: MarketStore, source: PriceSource, as_of: datetime) -> Series | None:
    for timeframe in (Timeframe.HOUR, Timeframe.FOUR_HOURS):
        series = await store.series(source.series, timeframe, as_of)
        if series is not None:
            return series.invert() if source.inverted else series
    return None


async def _minutes(store: MarketStore, instrument: Instrument, as_of: datetime) -> _Minutes:
    """Read the bars of five minutes of the first source that has them, and of the leaders."""
    known = load_series()
    sources = [s for s in instrument.sources if known[s.series].five_minutes]
    if not sources:
        return _Minutes()
    short = Timeframe.FIVE_MINUTES
    found = [await store.series(source.series, short, as_of) for source in sources]
    own = next((series for series in found if series is not None), None)
    read = {s: await store.series(s, short, as_of) for s in LEADERS} if own else {}
    leaders = {s: series for s, series in read.items() if series is not None}
    return _Minutes(wanted=True, own=own, leaders=leaders)


async def calendar_at(
    store: MarketStore, as_of: datetime, calendar_source: str
) -> tuple[tuple[CalendarEvent, ...] | None, str | None]:
    """Return the events as they were known, None without a usable body, and what is wrong with it.

    Raises: StoreUnavailable.
    """
    body = await store.calendar(calendar_source, as_of)
    if body is None:
        return None, "economic calendar"
    age = as_of - body.fetched_at
    if age > _CALENDAR_USELESS:
        return None, f"economic calendar (the last one known is {age.days} days old)"
    if age > _CALENDAR_OLD:
        return body.events, f"a fresh economic calendar (this one is {age.days} days old)"
    return body.events, None


def _freeze(occasion: Occasion, as_of: datetime, prices: _Prices, context: _Context) -> Snapshot:
    instrument, session = occasion.instrument, occasion.session
    borders = edges(occasion, next_session(instrument, session))
    table = compute(
        FeatureInputs(
            instrument=instrument,
            as_of=as_of,
            session=session,
            edges=borders,
            daily=prices.daily,
            hourly=context.hourly,
            leaders=context.leaders,
            leaders_in_all=LEADERS_IN_ALL,
            vix=context.vix,
            events=context.events,
            five_minute=context.minutes.own,
            leaders_5min=context.minutes.leaders or None,
        )
    )
    return Snapshot(
        instrument=instrument.symbol,
        session=session,
        moment=occasion.moment,
        as_of=as_of,
        features=table.features,
        levels=table.levels,
        events=_events_of_session(instrument, context.events or (), borders[:2]),
        provenance=_provenance(prices, context),
    )


def _events_of_session(
    instrument: Instrument, events: Sequence[CalendarEvent], borders: tuple[datetime, ...]
) -> tuple[CalendarEvent, ...]:
    wanted = {*instrument.calendar_currencies, "All"}
    before, close = borders
    chosen = [e for e in events if e.currency in wanted and before < e.at <= close]
    return tuple(sorted(chosen, key=lambda e: (e.at, e.currency, e.title)))


def _provenance(prices: _Prices, context: _Context) -> Provenance:
    return Provenance(
        series=prices.source.series,
        source=prices.daily.source,
        licence=prices.daily.licence,
        proxy_label=prices.source.label,
        inverted=prices.daily.inverted,
        last_bar_at=prices.daily.bars[-1].closed_at,
        missing=context.missing,
    )
