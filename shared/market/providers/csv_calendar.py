"""The economic calendar from CSV files of official release times: calendar/*.csv."""

import asyncio
import csv
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from shared.domain.errors import ContractBroken
from shared.domain.market.events import CalendarEvent
from shared.domain.time import parse_instant
from shared.market.providers import CalendarBody

# How far around now a body reaches; long enough for the next decision, short enough to keep hourly.
_PAST, _AHEAD = timedelta(days=8), timedelta(days=22)
_UNSCHEDULED = "(unscheduled)"


class CsvCalendar:
    """Official events from a folder, as anybody could have known them at an instant."""

    every = timedelta()

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "calendar"

    @property
    def source(self) -> str:
        """Name its bodies in the store."""
        return "official"

    async def fetch(
        self,
        now: datetime,
        known: CalendarBody | None = None,  # noqa: ARG002 - files are read whole
    ) -> CalendarBody:
        """Return the events around `now`: no value before its release, no surprise before it came.

        Raises: ContractBroken when a row is not an event.
        """
        events = await asyncio.to_thread(self.read)
        return CalendarBody(self.source, now, known_events(events, now))

    def read(self) -> list[CalendarEvent]:
        """Return all events of the folder, ascending.

        Raises: ContractBroken when a row is not an event.
        """
        events = []
        for path in sorted(self._folder.glob("*.csv")):
            reader = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
            for line, row in enumerate(reader, start=2):
                try:
                    events.append(_event(row, path.name))
                except (KeyError, ValueError, ValidationError) as error:
                    raise ContractBroken(f"{path.name}:{line}: {error}") from error
        return sorted(events, key=lambda e: (e.at, e.currency, e.title))


def known_events(events: Sequence[CalendarEvent], now: datetime) -> tuple[CalendarEvent, ...]:
    """Keep the ascending events around `now` as anybody could have known them then."""
    first = bisect_left(events, now - _PAST, key=_instant)
    last = bisect_right(events, now + _AHEAD, key=_instant)
    return tuple(_as_known(e, now) for e in events[first:last] if _is_known(e, now))


def _instant(event: CalendarEvent) -> datetime:
    return event.at


def _event(row: dict[str, str], file: str) -> CalendarEvent:
    return CalendarEvent.model_validate(
        {
            "at": parse_instant(row["datetime_utc"]),
            "currency": row["currency"],
            "impact": row["impact"],
            "title": row["title"],
            "actual": row["actual"] or None,
            "source": row.get("source") or f"file {file}",
        }
    )


def _is_known(event: CalendarEvent, now: datetime) -> bool:
    return event.at <= now or _UNSCHEDULED not in event.title


def _as_known(event: CalendarEvent, now: datetime) -> CalendarEvent:
    return event if event.at <= now else event.model_copy(update={"actual": None})
