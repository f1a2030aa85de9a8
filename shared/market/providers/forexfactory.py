"""The economic calendar of ForexFactory's weekly feed: forecasts and previous values, no actuals.

Its limits are not published; two downloads in five minutes are said to be too many. It is asked
once an hour, and once only: who failed waits for the next hour as well.
Source: 58 stored bodies (read 2026-11-25).
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.domain.errors import ContractBroken
from shared.domain.market.events import CalendarEvent, Impact
from shared.domain.time import Instant
from shared.market.providers import CalendarBody
from shared.market.providers.asking import Ask, Asker

HOST = "https://nfs.faireconomy.media"
_PATH = "/ff_calendar_thisweek.json"
_AGENT = "daybias (one request an hour)"
_UNCHANGED = 304


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    title: str
    country: str  # a currency code, or All
    date: Instant
    impact: Impact
    forecast: str
    previous: str


class ForexFactory:
    """This week's events, Sunday to Saturday in New York."""

    source = "forexfactory"
    every = timedelta(minutes=55)  # an hourly schedule is never early by more

    def __init__(self, asker: Asker, *, host: str = HOST) -> None:
        self._asker = replace(asker, attempts=1)
        self._host = host

    async def fetch(self, now: datetime, known: CalendarBody | None = None) -> CalendarBody:
        """Return the feed as it is now; a row that is no event is named, the others are kept.

        Raises: RateLimited, UpstreamUnavailable, RequestRejected, NotFound, ContractBroken when the
        body is not a week of events.
        """
        headers = {"User-Agent": _AGENT}
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        response = await self._asker.ask(Ask(self._host, _PATH, headers=headers))
        if response.status_code == _UNCHANGED:
            if known is None:
                raise ContractBroken("ForexFactory: unchanged since what nobody has")
            return replace(known, fetched_at=now)
        events, rejected = _read(_rows(response))
        if not events:
            raise ContractBroken("ForexFactory: a body without any event")
        etag = response.headers.get("ETag", "")
        return CalendarBody(self.source, now, events, rejected, etag)


def _rows(response: httpx.Response) -> list[Any]:
    try:
        rows = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise ContractBroken("ForexFactory: a body that is no JSON") from error
    if not isinstance(rows, list):
        raise ContractBroken(f"ForexFactory: expected an array, found {type(rows).__name__}")
    return rows


def _read(rows: list[Any]) -> tuple[tuple[CalendarEvent, ...], tuple[str, ...]]:
    events, rejected = list[CalendarEvent](), list[str]()
    for place, row in enumerate(rows):
        try:
            events.append(_event(_Row.model_validate(row)))
        except ValidationError as error:
            fields = ", ".join(
                sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
            )
            title = row.get("title") if isinstance(row, dict) else None
            rejected.append(f"event {place}, {title!r:.80}: no use of {fields or 'its shape'}")
    return tuple(sorted(events, key=lambda e: (e.at, e.currency, e.title))), tuple(rejected)


def _event(row: _Row) -> CalendarEvent:
    return CalendarEvent(
        at=row.date,
        currency=row.country,
        impact=row.impact,
        title=row.title,
        forecast=row.forecast or None,
        previous=row.previous or None,
        source=ForexFactory.source,
    )
