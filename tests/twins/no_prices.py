"""Prices of which none is known."""

from collections.abc import Sequence
from datetime import date

from shared.domain.journal.position import Position
from shared.domain.performance.conversion import Quotes
from shared.journal.performance.prices import Mark


class NoPrices:
    """Knows no price."""

    async def mark(self, position: Position) -> Mark | None:
        del position
        return None

    async def quotes(self, pairs: Sequence[str], since: date, until: date) -> Quotes:
        del pairs, since, until
        return Quotes({}, "no prices")
