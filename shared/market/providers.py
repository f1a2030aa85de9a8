"""Where bars and calendar bodies come from: the protocols that every provider satisfies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.domain.bars import Series, Timeframe
from shared.domain.events import CalendarEvent


class BarsProvider(Protocol):
    """A source of price bars."""

    async def fetch(
        self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime
    ) -> Series:
        """Return the complete bars that opened at `since` or later and closed by `until`.

        Raises: NotFound when it does not serve this series, UpstreamUnavailable, ContractBroken.
        """
        ...


@dataclass(frozen=True, slots=True)
class CalendarBody:
    """A calendar as it was known when it was fetched."""

    source: str
    fetched_at: datetime
    events: tuple[CalendarEvent, ...]


class CalendarProvider(Protocol):
    """A source of scheduled events."""

    @property
    def source(self) -> str:
        """Name its bodies in the store."""
        ...

    async def fetch(self, now: datetime) -> CalendarBody:
        """Return what is known now: no value before its release.

        Raises: UpstreamUnavailable, ContractBroken.
        """
        ...
