"""An invented market that lacks nothing, with and without rows of after the as-of."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from shared.domain.market.bars import Bar, Series, Timeframe
from shared.domain.market.events import CalendarEvent, Impact
from shared.features.inputs import FeatureInputs
from shared.market.registry import load_instruments
from shared.market.sessions import next_session, previous_session, session_close, session_for

AS_OF = datetime(2020, 5, 29, 12, 0, tzinfo=UTC)
_OPENS, _CLOSES = timedelta(hours=13, minutes=30), timedelta(hours=20)


def full_inputs(*, later: bool) -> FeatureInputs:
    """SPY before the open of a Friday; `later` adds a week that nobody could know."""
    until = AS_OF + timedelta(days=7 if later else 0)
    spy = load_instruments()["SPY"]
    session = session_for(spy, AS_OF)
    before, after = previous_session(spy, session), next_session(spy, session)
    return FeatureInputs(
        instrument=spy,
        as_of=AS_OF,
        session=session,
        edges=(session_close(spy, before), session_close(spy, session), session_close(spy, after)),
        daily=_days(1, until),
        hourly=_within(1, until, timedelta(hours=1), days=60),
        leaders={"AAPL": _days(2, until), "MSFT": _days(3, until)},
        vix=_days(4, until),
        events=_events(later=later),
        five_minute=_within(1, until, timedelta(minutes=5), days=9),
        leaders_5min={"AAPL": _within(2, until, timedelta(minutes=5), days=9)},
    )


def _weekdays(until: datetime, days: int) -> list[date]:
    first = date(2020, 5, 29) - timedelta(days=days)
    every = (first + timedelta(days=n) for n in range(days + 8))
    return [day for day in every if day.weekday() < 5 and _at(day, _CLOSES) <= until]


def _at(day: date, offset: timedelta) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + offset


def _series(seed: int, spans: list[tuple[datetime, datetime]], timeframe: Timeframe) -> Series:
    # drawn one bar after the other, so that a longer series begins with the shorter one
    draw = np.random.default_rng(seed)
    bars, price = [], 100.0
    for opened_at, closed_at in spans:
        moves = draw.normal(0, 0.01, 4)
        opened, close = price * (1 + moves[0] / 3), price * (1 + moves[0] / 3 + moves[1])
        high, low = max(opened, close) + abs(moves[2]), min(opened, close) - abs(moves[3])
        volume = 1000 * (1 + (moves.sum() * 300) ** 2)  # uneven, so that no profile is without it
        bars.append(Bar(opened_at, closed_at, opened_at.date(), opened, high, low, close, volume))
        price = close
    return Series("SPY", timeframe, "invented", "none", tuple(bars))


def _days(seed: int, until: datetime) -> Series:
    spans = [(_at(d, _OPENS), _at(d, _CLOSES)) for d in _weekdays(until, 800)]
    return _series(seed, spans, Timeframe.DAY)


def _within(seed: int, until: datetime, step: timedelta, days: int) -> Series:
    spans = []
    for day in _weekdays(until, days):
        at = _at(day, _OPENS)
        while at < _at(day, _CLOSES):
            spans.append((at, min(at + step, _at(day, _CLOSES))))
            at += step
    return _series(seed, spans, Timeframe.HOUR)


def _events(*, later: bool) -> tuple[CalendarEvent, ...]:
    past = [_event(-30 * n, f"0.{n % 4}%") for n in range(1, 12)]
    ahead = [_event(0.2, None, title="FOMC statement"), _event(1, None)]
    unknown = [_event(9 + n, "9.9%") for n in range(4)] if later else []
    return (*past, *ahead, *unknown)


def _event(days: float, actual: str | None, title: str = "CPI m/m") -> CalendarEvent:
    return CalendarEvent(
        at=AS_OF + timedelta(days=days),
        currency="USD",
        impact=Impact.HIGH,
        title=title,
        actual=actual,
        forecast="0.2%",
        source="test",
    )
