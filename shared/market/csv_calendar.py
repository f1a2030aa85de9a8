"""The economic calendar from CSV files of official release times: calendar/*.csv."""

import asyncio
import csv
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from shared.domain.errors import ContractBroken
from shared.domain.events import CalendarEvent
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
        events = await asyncio.to_thread(self._read)
        near = (e for e in events if now - _PAST <= e.at <= now + _AHEAD)
        told = tuple(_as_known(e, now) for e in near if _is_known(e, now))
        return CalendarBody(self.source, now, told)

    def _read(self) -> list[CalendarEvent]:
        events = []
        for path in sorted(self._folder.glob("*.csv")):
            reader = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
            for line, row in enumerate(reader, start=2):
                try:
                    events.append(_event(row))
                except (KeyError, ValueError, ValidationError) as error:
                    raise ContractBroken(f"{path.name}:{line}: {error}") from error
        return sorted(events, key=lambda e: (e.at, e.currency, e.title))


def _event(row: dict[str, str]) -> CalendarEvent:
    return CalendarEvent.model_validate(
        {
            "at": parse_instant(row["datetime_utc"]),
            "currency": row["currency"],
            "impact": row["impact"],
            "title": row["title"],
            "actual": row["actual"] or None,
            "source": row["source"],
        }
    )


def _is_known(event: CalendarEvent, now: datetime) -> bool:
    return event.at <= now or _UNSCHEDULED not in event.title


def _as_known(event: CalendarEvent, now: datetime) -> CalendarEvent:
    return event if event.at <= now else event.model_copy(update={"actual": None})
