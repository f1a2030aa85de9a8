"""Economic events as documents: each version of a release, as a calendar body first told it."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from shared.domain.market.events import CalendarEvent, Impact
from shared.domain.market.instrument import Instrument
from shared.domain.passage import PassageKind
from shared.domain.time import iso
from shared.market.providers import CalendarBody
from shared.market.registry import load_instruments
from shared.retrieval.documents import RetrievalDocument

EVERYWHERE = "All"  # the currency of what concerns all


def release_documents(
    body: CalendarBody, before: CalendarBody | None
) -> Iterator[RetrievalDocument]:
    """Make documents of what a body tells that the body before it did not."""
    known = set(before.events) if before else set[CalendarEvent]()
    for event in dict.fromkeys(body.events):
        if event not in known:
            yield _document(event, body.fetched_at)


def _document(event: CalendarEvent, fetched_at: datetime) -> RetrievalDocument:
    concerned = _concerned(event.currency)
    return RetrievalDocument(
        kind=PassageKind.EVENTS,
        source=event.source,
        name=f"{iso(event.at)} {event.currency} {event.title}",
        title=f"{event.currency} {event.title}",
        text=_text(event),
        known_at=fetched_at,
        happened_at=event.at,
        instruments=tuple(i.symbol for i in concerned),
        classes=tuple(dict.fromkeys(i.asset_class for i in concerned)),
        currencies=(event.currency,),
    )


def _concerned(currency: str) -> Sequence[Instrument]:
    every = load_instruments().values()
    return [i for i in every if currency == EVERYWHERE or currency in i.calendar_currencies]


def _text(event: CalendarEvent) -> str:
    what = "Public holiday" if event.impact is Impact.HOLIDAY else f"{event.impact}-impact release"
    values = {"actual": event.actual, "forecast": event.forecast, "previous": event.previous}
    told = ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
    return f"{what} at {event.at:%Y-%m-%d %H:%M} UTC, {told or 'no value is given'}."
