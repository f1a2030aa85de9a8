"""Session dates and their closes, from a committed table (ADR 0006: no pandas in a function)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from shared.domain.errors import InvalidInput
from shared.domain.market.instrument import Hours, Instrument, PriceSeries, parse_offset
from shared.domain.time import NEW_YORK

_DAY = timedelta(days=1)
Market = Instrument | PriceSeries


@dataclass(frozen=True, slots=True)
class _Calendar:
    first: date
    last: date
    weekend: bool
    holidays: frozenset[date]
    early_closes: Mapping[date, timedelta]


@cache
def _calendars() -> Mapping[str, _Calendar]:
    text = files("shared.market").joinpath("sessions.json").read_text(encoding="utf-8")
    table = json.loads(text)
    return {
        name: _Calendar(
            date.fromisoformat(table["from"]),
            date.fromisoformat(table["until"]),
            raw["weekend"],
            frozenset(map(date.fromisoformat, raw["holidays"])),
            {date.fromisoformat(d): parse_offset(at) for d, at in raw["early_closes"].items()},
        )
        for name, raw in table["calendars"].items()
    }


def is_session(market: Market, day: date) -> bool:
    """Tell whether the market has a session of this date.

    Raises: InvalidInput for a date beyond the committed table.
    """
    calendar = _calendars()[market.hours.calendar]
    if not calendar.first <= day <= calendar.last:
        raise InvalidInput(
            f"no session table for {day}; renew it with infra/fit/sessions.py",
            expected=(f"a date from {calendar.first} to {calendar.last}",),
        )
    return (calendar.weekend or day.weekday() < 5) and day not in calendar.holidays


def _at(hours: Hours, session: date, offset: timedelta) -> datetime:
    # wall-clock arithmetic first, the zone afterwards: 17:00 stays 17:00 across a clock change
    wall = datetime.combine(session, time()) + offset
    return wall.replace(tzinfo=ZoneInfo(hours.zone)).astimezone(UTC)


def session_open(market: Market, session: date) -> datetime:
    """Tell when the session begins; for Globex and spot days that is the evening before."""
    return _at(market.hours, session, market.hours.opens)


def session_close(market: Market, session: date) -> datetime:
    """Tell when the session's daily close is taken, early closes included."""
    close = _at(market.hours, session, market.hours.closes)
    early = _calendars()[market.hours.calendar].early_closes.get(session)
    if early is None:
        return close
    wall = datetime.combine(session, time(), NEW_YORK) + early
    return min(close, wall.astimezone(UTC))


def record_deadline(instrument: Instrument, session: date) -> datetime:
    """Tell until when the forecast of record for `session` may be written."""
    before = previous_session(instrument, session)
    return _at(instrument.hours, before, instrument.hours.record_until)


def session_for(market: Market, instant: datetime) -> date:
    """Name the session that an instant belongs to or precedes: the first not yet closed.

    A Sunday-evening futures instant gives Monday; an hour after Thursday's close gives Friday.
    """
    day = instant.astimezone(ZoneInfo(market.hours.zone)).date() - _DAY
    while not (is_session(market, day) and session_close(market, day) > instant):
        day += _DAY
    return day


def next_session(market: Market, session: date) -> date:
    """Name the session after this date."""
    day = session + _DAY
    while not is_session(market, day):
        day += _DAY
    return day


def previous_session(market: Market, session: date) -> date:
    """Name the session before this date."""
    day = session - _DAY
    while not is_session(market, day):
        day -= _DAY
    return day
