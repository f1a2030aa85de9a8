"""What one run fetched, what that took, and how it ended: values for the run's record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.brokers.spec import Lost, Window
from shared.domain.time import to_micros
from shared.ports import Body


class RunOutcome(StrEnum):
    """How the fetching of a run ended, or that nobody has said so yet."""

    UNDER_WAY = "under_way"
    COMPLETE = "complete"  # all that the broker has of its window
    CUT = "cut"  # the time was over: the window was made shorter
    FAILED = "failed"
    LOST = "lost"  # its worker, or its pages, came to no end


@dataclass(frozen=True, slots=True)
class Cost:
    """What fetching took.

    Units: `waited_s` seconds of it were spent on rate limits and retries, `duration_s` in all.
    """

    requests: int = 0
    waited_s: float = 0.0
    duration_s: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.requests + other.requests,
            self.waited_s + other.waited_s,
            self.duration_s + other.duration_s,
        )

    def body(self) -> Body:
        """Render for a run's document, in whole milliseconds."""
        return {
            "requests": self.requests,
            "waited_ms": round(self.waited_s * 1000),
            "duration_ms": round(self.duration_s * 1000),
        }


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a run brought; `window` may end earlier than it was asked for.

    Shape: `unread_days` counts rows that could not be read by the day they belong to; `ignored`
    those that were left out on purpose, by reason; `lost` is what the broker tells no more. `cut`
    tells that the time was over before all was read.
    """

    window: Window
    pages: int
    rows: int
    unread: int
    unread_days: Mapping[date, int]
    ignored: Mapping[str, int]
    cost: Cost = Cost()
    cut: bool = False
    lost: Sequence[Lost] = ()

    def body(self) -> Body:
        """Render for a run's document."""
        return {
            "pages": self.pages,
            "rows": self.rows,
            "unread": self.unread,
            "unread_days": {d.isoformat(): n for d, n in self.unread_days.items()},
            "ignored": dict(self.ignored),
            "lost": [_lost_body(one) for one in self.lost],
            **self.cost.body(),
        }


def _lost_body(lost: Lost) -> Body:
    return {
        "from_us": to_micros(lost.since),
        "to_us": to_micros(lost.until),
        "reason": lost.reason,
    }
