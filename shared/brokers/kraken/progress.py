"""What a walk over Kraken's histories keeps from one message to the next, in its mark."""

import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from shared.brokers.spec import Window
from shared.domain.ids import canonical_json
from shared.domain.time import iso, parse_instant

_REREAD_EVERY, _REREAD = timedelta(days=7), timedelta(days=30)


@dataclass
class Progress:
    """How far a walk has come: what its mark is written from.

    Shape: `reached` is until when all was given, None between two walks; `reread` the day on which
    the last month was last read again; `pairs` what each pair that was met is called. A pair keeps
    its name here when it is listed no more.
    """

    reached: datetime | None = None
    reread: date | None = None
    pairs: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, mark: str | None) -> "Progress":
        """Read a mark back."""
        if mark is None:
            return cls()
        kept = json.loads(mark)
        reached = kept["reached"] and parse_instant(kept["reached"])
        return cls(reached, kept["reread"] and date.fromisoformat(kept["reread"]), kept["pairs"])

    def mark(self) -> str:
        """Write the mark."""
        reached = None if self.reached is None else iso(self.reached)
        reread = None if self.reread is None else self.reread.isoformat()
        return canonical_json({"reached": reached, "reread": reread, "pairs": self.pairs})

    def begin(self, window: Window) -> datetime:
        """Tell where to begin: where a cut walk stood, and once a week a month before."""
        if self.reached is not None:
            return self.reached
        if self._is_reread(window):
            return min(window.since, window.until - _REREAD)
        return window.since

    def end(self, window: Window) -> None:
        """Note that a window was read whole."""
        self.reached = None
        if self.reread is None or self._is_reread(window):
            self.reread = window.until.date()

    def _is_reread(self, window: Window) -> bool:
        return self.reread is not None and window.until.date() - self.reread >= _REREAD_EVERY
