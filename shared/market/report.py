"""What a refresh of market data says of itself: who served what, what failed, what it cost."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from shared.domain.market.bars import Timeframe
from shared.market.registry import load_instruments


class Served(NamedTuple):
    """A series that is kept up: by whom, and when its newest bar closed, None without any."""

    symbol: str
    timeframe: str
    provider: str
    newest_at: datetime | None


@dataclass(slots=True)
class RefreshReport:
    """What a refresh brought, and what it could not bring.

    Shape: `served` = every series that is kept up; `missing` = instruments of which no source has
    daily bars anywhere; `rejected` and `failures` say in words what was left out and why,
    `fallbacks` who had to stand in for whom, `postponed` which history a budget leaves to later
    rounds; `cut` = (symbol, timeframe, provider) of each of those. `indexed` = texts that retrieval
    finds from now on, `waiting` = what it takes in the next time.
    Units: `billed` = estimated bytes, by provider.
    """

    at: datetime
    bars: int = 0
    events: int = 0
    news: int = 0
    indexed: int = 0
    served: list[Served] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    fallbacks: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    cut: list[tuple[str, str, str]] = field(default_factory=list)
    billed: dict[str, int] = field(default_factory=dict)

    def name_missing(self) -> None:
        """Name the instruments that not even a stand-in has daily bars for."""
        daily = {s.symbol for s in self.served if s.timeframe == Timeframe.DAY}
        self.missing = [
            instrument.symbol
            for instrument in load_instruments().values()
            if daily.isdisjoint(source.series for source in instrument.sources)
        ]

    def for_log(self) -> dict[str, object]:
        """Return the counts and the words without the list of all series."""
        return {
            "bars": self.bars,
            "events": self.events,
            "news": self.news,
            "indexed": self.indexed,
            "billed": self.billed,
            "failures": self.failures,
            "fallbacks": self.fallbacks,
            "postponed": self.postponed,
            "rejected": self.rejected,
        }
