"""Where bars and calendar bodies come from: the protocols that every provider satisfies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.domain.market.bars import Series, Timeframe
from shared.domain.market.events import CalendarEvent


class BarsProvider(Protocol):
    """A source of price bars."""

    @property
    def name(self) -> str:
        """Name it as the registry does; "files" is the one that costs nothing to ask."""
        ...

    @property
    def lag(self) -> timedelta:
        """Tell how long after its close a bar can be had, as far as is known."""
        ...

    async def fetch(
        self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime
    ) -> Series:
        """Return the complete bars that opened at `since` or later and closed by `until`.

        Raises: NotFound when it does not serve this series, RetryableError, PermanentError.
        """
        ...

    def bytes_of(self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime) -> int:
        """Estimate how many bytes such a fetch is billed for at most; 0 where none are.

        Raises: NotFound when it does not serve this series.
        """
        ...


@dataclass(frozen=True, slots=True)
class CalendarBody:
    """A calendar as it was known when it was fetched.

    Shape: `rejected` says in words which rows are no events; `etag` is the source's mark of this
    content, empty where it has none.
    """

    source: str
    fetched_at: datetime
    events: tuple[CalendarEvent, ...]
    rejected: tuple[str, ...] = ()
    etag: str = ""


class CalendarProvider(Protocol):
    """A source of scheduled events."""

    @property
    def source(self) -> str:
        """Name its bodies in the store."""
        ...

    @property
    def every(self) -> timedelta:
        """Tell how long it is left alone after it was asked; zero where asking costs nothing."""
        ...

    async def fetch(self, now: datetime, known: CalendarBody | None = None) -> CalendarBody:
        """Return what is known now: no value before its release.

        Shape: `known` is the newest body that is stored; one that has not changed need not be sent.
        Raises: RetryableError, PermanentError.
        """
        ...
