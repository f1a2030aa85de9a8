"""What one refresh may be billed for by providers that count bytes."""

from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.market.bars import Timeframe
from shared.market.providers import BarsProvider

MOST_BYTES = 200_000_000
_SHARE = 0.1  # that one long history may take: what costs little is not kept waiting by it
_SAFE = 0.95  # of the share that fits: what is read around a span does not shrink with it


@dataclass(slots=True)
class ByteBudget:
    """Estimated bytes, by provider; each may be billed for at most `most` a refresh.

    Shape: what does not fit into a tenth of it is cut, so that no series waits for a long one.
    """

    most: int = MOST_BYTES
    spent: dict[str, int] = field(default_factory=dict)

    def affordable(
        self,
        provider: BarsProvider,
        asked: tuple[str, Timeframe],
        since: datetime,
        until: datetime,
    ) -> datetime | None:
        """Return since when a span may be fetched, `since` itself if all of it; None if nothing.

        Raises: NotFound when the provider does not serve the series.
        """
        left = min(self.most - self.spent.get(provider.name, 0), self.most * _SHARE)
        whole = provider.bytes_of(*asked, since, until)
        if whole <= left:
            return since
        later = until - (until - since) * (_SAFE * max(left, 0) / whole)
        fits = later < until and provider.bytes_of(*asked, later, until) <= left
        return later if fits else None

    def spend(
        self,
        provider: BarsProvider,
        asked: tuple[str, Timeframe],
        since: datetime,
        until: datetime,
    ) -> None:
        """Count what a fetch was billed for, by its estimate."""
        billed = provider.bytes_of(*asked, since, until)
        if billed:
            self.spent[provider.name] = self.spent.get(provider.name, 0) + billed
