"""The same figures by instrument, broker, hour, weekday, tag and more."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from shared.domain.performance.results import Result
from shared.domain.performance.statistics import Statistics, statistics

UNTAGGED = ""  # the group of what has no tag
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Dimension(StrEnum):
    """What results are grouped by."""

    INSTRUMENT = "instrument"
    BROKER = "broker"
    ACCOUNT = "account"
    DIRECTION = "direction"
    HOUR = "hour"  # at which the trip was opened, in the zone of display
    WEEKDAY = "weekday"  # of the trading day on which it was closed
    DAY = "day"
    WEEK = "week"  # ISO, Monday's
    MONTH = "month"
    TAG = "tag"  # a trip with several tags is in each of their groups


class Group(BaseModel):
    """One group of one currency; `name` sorts in the natural order of its dimension."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    label: str
    currency: str
    figures: Statistics


def grouped(results: Iterable[Result], by: Dimension, zone: ZoneInfo) -> tuple[Group, ...]:
    """Compute the figures of each group that has a round trip, by name and currency."""
    groups: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
    for one in results:
        for name in _names(one, by, zone):
            groups[name, one.currency].append(one)
    return tuple(
        Group(name=name, label=_label(by, name), currency=currency, figures=statistics(members))
        for (name, currency), members in sorted(groups.items())
    )


def _names(one: Result, by: Dimension, zone: ZoneInfo) -> tuple[str, ...]:
    if by is Dimension.TAG:
        return one.tags or (UNTAGGED,)
    if by is Dimension.HOUR:
        return (f"{one.opened_at.astimezone(zone).hour:02d}",)
    return (_NAMES[by](one),)


def _week(one: Result) -> str:
    year, week, _ = one.on.isocalendar()
    return f"{year}-W{week:02d}"


_NAMES: dict[Dimension, Callable[[Result], str]] = {
    Dimension.INSTRUMENT: lambda one: one.root,
    Dimension.BROKER: lambda one: one.broker,
    Dimension.ACCOUNT: lambda one: one.account_key,
    Dimension.DIRECTION: lambda one: one.direction.value,
    Dimension.WEEKDAY: lambda one: str(one.on.isoweekday()),
    Dimension.DAY: lambda one: one.on.isoformat(),
    Dimension.WEEK: _week,
    Dimension.MONTH: lambda one: f"{one.on:%Y-%m}",
}


def _label(by: Dimension, name: str) -> str:
    if by is Dimension.WEEKDAY:
        return _WEEKDAYS[int(name) - 1]
    if by is Dimension.HOUR:
        return f"{name}:00"
    if by is Dimension.TAG and name == UNTAGGED:
        return "without a tag"
    return name
