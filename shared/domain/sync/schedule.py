"""When a broker is asked: each quarter of an hour while its markets are open, seldom else.

Hours are those of a week and know no holidays: on one, a few questions find nothing.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.domain.time import NEW_YORK

QUARTER = timedelta(minutes=15)
_WEEK = timedelta(days=7)
_SUNDAY, _FRIDAY = 6, 4


@dataclass(frozen=True, slots=True)
class Hours:
    """From when to when in a week markets trade, by their own clock.

    Shape: weekdays as in `datetime.weekday()`; the end may lie in the next calendar week.
    """

    zone: ZoneInfo
    opens: tuple[int, time]
    closes: tuple[int, time]

    def are_open(self, at: datetime) -> bool:
        """Tell whether anything trades at an instant."""
        local = at.astimezone(self.zone)
        now, opens, closes = (
            _since_monday(*one)
            for one in ((local.weekday(), local.time()), self.opens, self.closes)
        )
        return (now - opens) % _WEEK < (closes - opens) % _WEEK


def _since_monday(weekday: int, at: time) -> timedelta:
    return timedelta(days=weekday, hours=at.hour, minutes=at.minute, seconds=at.second)


# Of currencies, and of futures and shares with their nights: what each session adds is inside.
CURRENCIES = Hours(NEW_YORK, (_SUNDAY, time(17)), (_FRIDAY, time(17)))
FUTURES = Hours(NEW_YORK, (_SUNDAY, time(18)), (_FRIDAY, time(17)))
SHARES = Hours(NEW_YORK, (_SUNDAY, time(20)), (_FRIDAY, time(20)))


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a broker's logins are asked.

    Shape: `hours` is None where something trades always (coins).
    Units: `period` while markets are open, `quiet` the longest wait while they are closed.
    """

    period: timedelta = QUARTER
    quiet: timedelta = timedelta(hours=1)
    hours: Hours | None = None

    def next_after(self, now: datetime) -> datetime:
        """Tell when to ask again: once more after the close, and soon after the next opening."""
        ahead = 0 * QUARTER
        while ahead < self.quiet:
            if self.trades_at(now + ahead):
                return now + max(ahead + QUARTER, self.period)
            ahead += QUARTER
        return now + max(self.quiet, self.period)

    def is_due_each_quarter(self, at: datetime) -> bool:
        """Tell whether the quarter of an hour that begins then is one in which it is asked."""
        return self.period <= QUARTER and self.trades_at(at)

    def trades_at(self, at: datetime) -> bool:
        """Tell whether its markets are open."""
        return self.hours is None or self.hours.are_open(at)


QUARTERLY = Schedule()  # of brokers at which something always trades
