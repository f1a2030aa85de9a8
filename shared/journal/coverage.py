"""Which days of an account are known whole: missing is not flat, and unknown is a third state.

Pure functions over day maps, and their documents, one an account and year. A day that no map names
is unknown.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from shared.domain.ids import UserId
from shared.ports import Body, Create, Documents, Key, Update, Write

_DAY = timedelta(days=1)


class DayState(StrEnum):
    """What is known of a day that has been asked for."""

    COMPLETE = "complete"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """The state of one day by the newest run that tells; `quarantined` rows are kept unread.

    Shape: `lost` is why the broker told nothing more of the day, by run `lost_run`: reading it
    again helps no more. A day that was complete before stays so.
    """

    state: DayState
    quarantined: int
    run: int
    lost: str = ""
    lost_run: int = 0

    @property
    def to_be_read(self) -> bool:
        """Whether the day waits to be read again."""
        return self.state is DayState.GAP and self.run > self.lost_run


def lost_day(reason: str, run: int) -> DayCoverage:
    """Make what a run tells of a day that the broker has forgotten."""
    return DayCoverage(DayState.GAP, 0, 0, reason, run)


Days = Mapping[date, DayCoverage]


def whole_days(since: datetime, until: datetime, zone: ZoneInfo) -> list[date]:
    """List the days of `zone` that lie wholly in [since, until]."""
    first, last = since.astimezone(zone), until.astimezone(zone)
    day = first.date() if first == _midnight(first.date(), zone) else first.date() + _DAY
    return [d for d in _days(day, last.date()) if d < last.date()]


def touched_days(since: datetime, until: datetime, zone: ZoneInfo) -> list[date]:
    """List the days of `zone` of which any part lies in [since, until]."""
    return list(_days(since.astimezone(zone).date(), until.astimezone(zone).date()))


def merged(before: Days, news: Days) -> dict[date, DayCoverage]:
    """Take what is new where it comes from the same or a newer run.

    Idempotent: and the order of runs does not matter.
    """
    days = dict(before)
    for day, told in news.items():
        days[day] = _newest(days[day], told) if day in days else told
    return days


def _newest(before: DayCoverage, told: DayCoverage) -> DayCoverage:
    newest = told if before.run <= told.run else before
    lost = told if before.lost_run <= told.lost_run else before
    return replace(newest, lost=lost.lost, lost_run=lost.lost_run)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def day_start(instant: datetime, zone: ZoneInfo) -> datetime:
    """Go back to the beginning of the day in `zone`."""
    return _midnight(instant.astimezone(zone).date(), zone)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + _DAY * i for i in range((last - first).days + 1))


async def coverage_writes(
    documents: Documents, user_id: UserId, account_key: str, news: Days
) -> list[Write]:
    """Prepare the writes that bring news into an account's maps; the caller commits them.

    Raises: StoreUnavailable.
    """
    by_year: dict[int, dict[date, DayCoverage]] = defaultdict(dict)
    for day, told in news.items():
        by_year[day.year][day] = told
    keys = {y: Key("coverage", (user_id, f"{account_key}-{y:04d}")) for y in by_year}
    found = await documents.get_many(list(keys.values()))
    writes: list[Write] = []
    for (year, key), document in zip(keys.items(), found, strict=True):
        stored = document.body["days"] if document else {}
        body = {"account_key": account_key, "year": year, "days": _with(stored, by_year[year])}
        if document is None:
            writes.append(Create(key, body))
        elif body != document.body:
            writes.append(Update(key, body, document.version))
    return writes


def _with(stored: Mapping[str, Body], news: Days) -> dict[str, Body]:
    """Bring news into a stored year; the days that have none stay unread: they are most."""
    fresh = {day.isoformat(): day for day in news}
    before = {fresh[name]: _read(told) for name, told in stored.items() if name in fresh}
    told = {day.isoformat(): _body(one) for day, one in merged(before, news).items()}
    return dict(sorted({**stored, **told}.items()))


def read_days(body: Body) -> dict[date, DayCoverage]:
    """Read a stored year back."""
    return {date.fromisoformat(day): _read(told) for day, told in body["days"].items()}


def _read(told: Body) -> DayCoverage:
    return DayCoverage(
        DayState(told["state"]),
        told["quarantined"],
        told["run"],
        told.get("lost", ""),
        told.get("lost_run", 0),
    )


def _body(told: DayCoverage) -> dict[str, Any]:
    lost = {"lost": told.lost, "lost_run": told.lost_run} if told.lost_run else {}
    return {
        "state": told.state.value,
        "quarantined": told.quarantined,
        "run": told.run,
        **lost,
    }
