"""Which moment holds now, High events of the stored calendar included."""

from datetime import datetime

from shared.bias.moments import Occasion, current_occasion
from shared.domain.errors import StoreUnavailable
from shared.domain.market.events import CalendarEvent
from shared.domain.market.instrument import Instrument
from shared.market.store import MarketStore
from shared.ports import Clock

_KNOWN_FOR_S = 60.0  # a calendar is fetched every half hour


class Occasions:
    """Reads the calendar at most once a minute, for all instruments."""

    def __init__(self, market: MarketStore, clock: Clock, calendar_source: str) -> None:
        self._market = market
        self._clock = clock
        self._source = calendar_source
        self._events: tuple[CalendarEvent, ...] = ()
        self._read_at: float | None = None

    async def current(self, instrument: Instrument) -> Occasion:
        """Name the session that a bias is for now, and the moment whose snapshot holds.

        Raises: StoreUnavailable.
        """
        now = self._clock.now()
        return current_occasion(instrument, now, await self._known_events(now))

    async def _known_events(self, now: datetime) -> tuple[CalendarEvent, ...]:
        age_s = None if self._read_at is None else self._clock.monotonic() - self._read_at
        if age_s is None or age_s >= _KNOWN_FOR_S:
            await self._read(now)
        return self._events

    async def _read(self, now: datetime) -> None:
        try:
            body = await self._market.calendar(self._source, now)
        except StoreUnavailable:
            if self._read_at is None:
                raise
            return  # what was known a minute ago lets cached answers be served
        self._read_at = self._clock.monotonic()
        self._events = body.events if body is not None else ()
