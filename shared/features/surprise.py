"""How far the last release was from what was expected, measured by its own past surprises.

No sign of "good for": the way from a surprise to a price changes with the regime.
"""

import math
import re
import statistics
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from shared.domain.market.events import CalendarEvent
from shared.features.definitions import Definition, Missing, Value

DEFINITIONS = (
    Definition("surprise", "sd", 1, "Last release: actual less forecast, in sd of its past ones."),
    Definition("surprise_of", "text", 0, "Currency and title of that release."),
    Definition("surprise_hours", "hours", 1, "Hours since that release."),
)
_FEWEST = 8
_SCALES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
_VALUE = re.compile(r"<?\s*(-?\d+(?:\.\d+)?)\s*([KMBT]?)(%?)", re.ASCII)


def value_of(text: str | None) -> tuple[float, str] | None:
    """Read "0.6%", "-11.2K" or "50.6" as value and unit; None for pairs, votes and other shapes."""
    match = _VALUE.fullmatch((text or "").strip())
    if match is None:
        return None
    number, scale, percent = match.groups()
    return float(number) * _SCALES[scale], percent


def compute(events: Sequence[CalendarEvent], as_of: datetime) -> dict[str, Value]:
    """Find the newest release whose series has enough past surprises; the larger of equals.

    Shape: first prints only, which is what a calendar body of before a revision holds.
    """
    known = sorted((e for e in events if e.at <= as_of), key=_at, reverse=True)
    series: dict[tuple[str, str], list[CalendarEvent]] = defaultdict(list)
    for event in known:
        series[event.currency, event.title].append(event)
    are_values = False
    for at, released in groupby(known, key=_at):  # the newest come first: few are measured
        surprises = [(e, s) for e in released if (s := _surprise(e)) is not None]
        are_values = are_values or bool(surprises)
        measured = [
            (abs(size), event.currency, event.title, size)
            for event, surprise in surprises
            if (size := _in_sd(surprise, event, series[event.currency, event.title])) is not None
        ]
        if measured:
            _, currency, title, size = max(measured)
            hours = (as_of - at).total_seconds() / 3600
            return {"surprise": size, "surprise_of": f"{currency} {title}", "surprise_hours": hours}
    if not are_values:
        return _missing("no released value with its forecast is in the calendar as known")
    return _missing(f"no release has {_FEWEST} earlier surprises in the calendar as known")


def _at(event: CalendarEvent) -> datetime:
    return event.at


def _surprise(event: CalendarEvent) -> float | None:
    actual, expected = value_of(event.actual), value_of(event.forecast)
    if actual is None or expected is None or actual[1] != expected[1]:
        return None
    return actual[0] - expected[0]


def _in_sd(surprise: float, event: CalendarEvent, series: Sequence[CalendarEvent]) -> float | None:
    before = [s for past in series if past.at < event.at and (s := _surprise(past)) is not None]
    if len(before) < _FEWEST:
        return None
    sd = statistics.stdev(before)
    return surprise / sd if sd > 0 and math.isfinite(sd) else None


def _missing(reason: str) -> dict[str, Value]:
    return dict.fromkeys((d.name for d in DEFINITIONS), Missing(reason))
