"""What reports ask of prices; who has none answers nothing, and the report says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from shared.domain.journal.position import Position
from shared.domain.performance.conversion import Quotes


@dataclass(frozen=True, slots=True)
class Mark:
    """What one unit was worth; `as_of` is when that bar closed."""

    price: Decimal
    as_of: datetime
    source: str


class Prices(Protocol):
    """Closing prices, as far as they are known."""

    async def mark(self, position: Position) -> Mark | None:
        """Give the newest price of what is held; never a proxy's.

        Raises: StoreUnavailable.
        """
        ...

    async def quotes(self, pairs: Sequence[str], since: date, until: date) -> Quotes:
        """Give the daily closes of currency pairs ("EURUSD"), of those that are known.

        Raises: StoreUnavailable.
        """
        ...
