"""Tradovate's sessions, and what a connection remembers of those that it has watched.

A question for fills answers for the session it is asked in (four public integrations agree; the
documentation is silent). What was watched is known whole; between the last look and a session's
end something may have happened that only the account's ledger can tell.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.spec import Window
from shared.domain.execution import AssetClass
from shared.domain.journal.trading_day import trading_day
from shared.domain.time import NEW_YORK, as_utc, iso, parse_instant

_TURN_HOUR = 17  # New York; a session is named for the day on which it ends
_SATURDAY = 5
_CAPS = frozenset(2**n for n in range(7, 20))

Stretch = tuple[datetime, datetime]


def session_start(at: datetime) -> datetime:
    """Tell when the session of an instant began; Monday's began on Friday evening."""
    local = at.astimezone(NEW_YORK)
    day = local.date() - timedelta(days=local.hour < _TURN_HOUR)
    day -= timedelta(days=max(0, day.weekday() - _SATURDAY + 1))
    return as_utc(datetime(day.year, day.month, day.day, _TURN_HOUR, tzinfo=NEW_YORK))


def session_of(at: datetime) -> str:
    """Name the session of an instant by its day."""
    return trading_day(AssetClass.FUTURE, at).isoformat()


def is_cut(count: int) -> bool:
    """Suspect an answer whose length is a power of two: at such a length answers are cut, silently.

    Source: tradovate/example-api-faq, HowToHandleDataSizeLimits (1024 today, another one tomorrow).
    Short ones are believed (unverified).
    """
    return count in _CAPS


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept between two visits as the history's mark.

    Shape: `session` is the last in which the ledger was read whole, `line` the greatest id of its
    lines then (ids are said to grow; nothing rests on it for longer than a session); `void` are
    fills that were taken back, which no later answer need tell again; `seen` are the stretches
    that are known whole, oldest first.
    """

    session: str = ""
    line: int = 0
    void: frozenset[int] = frozenset()
    seen: tuple[Stretch, ...] = field(default=())

    @classmethod
    def read(cls, mark: str | None) -> "Memory":
        """Read a mark back; without one nothing is remembered."""
        if mark is None:
            return cls()
        kept: dict[str, Any] = json.loads(mark)
        seen = tuple((parse_instant(a), parse_instant(b)) for a, b in kept["seen"])
        return cls(kept["session"], kept["line"], frozenset(kept["void"]), seen)

    def mark(self, since: datetime) -> str:
        """Write the mark; what was seen wholly before `since` is asked for no more."""
        seen = [[iso(a), iso(b)] for a, b in merged(self.seen) if b >= since]
        kept = {"session": self.session, "line": self.line, "void": sorted(self.void), "seen": seen}
        return json.dumps(kept)


def merged(stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Put together the stretches that touch."""
    found: list[Stretch] = []
    for begin, end in sorted(stretches):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return tuple(found)


def unseen(window: Window, seen: Sequence[Stretch]) -> list[Stretch]:
    """List the stretches of a window that were not seen, oldest first."""
    found: list[Stretch] = []
    at = window.since
    for begin, end in merged(seen):
        if begin > at:
            found.append((at, min(begin, window.until)))
        at = max(at, end)
    if at < window.until:
        found.append((at, window.until))
    return [(begin, end) for begin, end in found if begin < end]
