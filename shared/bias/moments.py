"""The named moments at which snapshots are taken; between them nothing is computed anew."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from shared.domain.bias import Moment
from shared.domain.errors import InvalidInput
from shared.domain.instrument import Instrument
from shared.domain.time import NEW_YORK, as_utc
from shared.market.sessions import previous_session, session_close, session_for

# Before the New York releases of 08:30, after those of Europe.
PRE_OPEN = timedelta(hours=8)
OFFERED = (Moment.CLOSE, Moment.PRE_OPEN)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One session of one instrument, and the moment that is current in it.

    Shape: the close moment begins with the close of the session before and the pre-open one at
    08:00 New York; each lasts until the next begins.
    """

    instrument: Instrument
    session: date
    moment: Moment


def current_occasion(instrument: Instrument, now: datetime) -> Occasion:
    """Name the session that a bias is for now, and the moment whose snapshot holds now."""
    session = session_for(instrument, now)
    moment = Moment.PRE_OPEN if now >= pre_open(session) else Moment.CLOSE
    return Occasion(instrument, session, moment)


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


def check_offered(moment: Moment) -> None:
    """Refuse a moment that is not offered.

    Raises: InvalidInput naming those that are.
    """
    if moment not in OFFERED:
        raise InvalidInput(
            f"no snapshot is taken at {str(moment)!r}: it needs a quota, which does not exist yet",
            expected=[str(m) for m in OFFERED],
        )
