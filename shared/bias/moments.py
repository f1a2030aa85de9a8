"""The named moments at which snapshots are taken; between them nothing is computed anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.domain.bias import Moment
from shared.domain.market.events import CalendarEvent, Impact
from shared.domain.market.instrument import Instrument
from shared.domain.time import NEW_YORK, as_utc
from shared.market.sessions import previous_session, session_close, session_for

# Before the New York releases of 08:30, after those of Europe.
PRE_OPEN = timedelta(hours=8)
# A release is read, traded on and in the stores a quarter of an hour later.
AFTER_EVENT = timedelta(minutes=15)
MOST_EVENTS = 3  # of a session: with the two named moments and one on request, 36 model calls
_APART = timedelta(hours=2)  # releases of one morning are one moment


@dataclass(frozen=True, slots=True)
class Occasion:
    """One session of one instrument, and the moment that is current in it.

    Shape: the close moment begins with the close of the session before, the pre-open one at
    08:00 New York, that of an event at `began`; each lasts until the next begins.
    """

    instrument: Instrument
    session: date
    moment: Moment
    began: datetime | None = None


def current_occasion(
    instrument: Instrument, now: datetime, events: Sequence[CalendarEvent] = ()
) -> Occasion:
    """Name the session that a bias is for now, and the moment whose snapshot holds now."""
    session = session_for(instrument, now)
    opens = pre_open(session)
    begun = [at for at in event_moments(instrument, session, events) if at <= now]
    if begun and (now < opens or begun[-1] > opens):
        return Occasion(instrument, session, Moment.EVENT, begun[-1])
    return Occasion(instrument, session, Moment.PRE_OPEN if now >= opens else Moment.CLOSE)


def event_moments(
    instrument: Instrument, session: date, events: Sequence[CalendarEvent]
) -> tuple[datetime, ...]:
    """Tell when the moments after a session's High events begin.

    Shape: at most three, at least two hours apart: what comes sooner or later has none of its own.
    """
    began = session_close(instrument, previous_session(instrument, session))
    ends = session_close(instrument, session)
    wanted = {*instrument.calendar_currencies, "All"}
    high = {e.at for e in events if e.impact is Impact.HIGH and e.currency in wanted}
    moments: list[datetime] = []
    for begins in sorted(at + AFTER_EVENT for at in high if at > began):
        if begins < ends and (not moments or begins - moments[-1] >= _APART):
            moments.append(begins)
    return tuple(moments[:MOST_EVENTS])


def pre_open(session: date) -> datetime:
    """Tell when the pre-open moment of a session begins."""
    return as_utc((datetime.combine(session, time()) + PRE_OPEN).replace(tzinfo=NEW_YORK))


def edges(occasion: Occasion, after: date) -> tuple[datetime, datetime, datetime]:
    """Return the closes of the session before, of the session itself and of the one `after`."""
    instrument, session = occasion.instrument, occasion.session
    before = previous_session(instrument, session)
    return (
        session_close(instrument, before),
        session_close(instrument, session),
        session_close(instrument, after),
    )
