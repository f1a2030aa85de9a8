"""What is held: FIFO lots of one symbol, and the open position that they make."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.domain.execution import AssetClass
from shared.domain.money import ExactDecimal, divide_rounded
from shared.domain.time import Instant


class Position(BaseModel):
    """An open position in one symbol.

    Units: `quantity` signed (negative = short); `average_price` of the lots still held, rounded to
    ten places; `cost` exact and signed: the sum of quantity x price x multiplier over those lots.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    root: str
    asset_class: AssetClass
    currency: str
    multiplier: ExactDecimal
    quantity: ExactDecimal
    average_price: ExactDecimal
    cost: ExactDecimal
    opened_at: Instant

    def unrealized(self, mark: Decimal) -> Decimal:
        """Value the position at a price, less what it cost."""
        return self.quantity * mark * self.multiplier - self.cost


@dataclass(slots=True)
class Lots:
    """Lots of one symbol, oldest first, all of one sign.

    Units: `quantity` signed; a lot's value is its price x multiplier for one unit.
    """

    quantity: Decimal = Decimal(0)
    _queue: deque[tuple[Decimal, Decimal, Decimal]] = field(default_factory=deque)

    def add(self, quantity: Decimal, price: Decimal, multiplier: Decimal) -> None:
        """Put a lot at the end; `quantity` is signed like those already here."""
        self._queue.append((quantity, price, multiplier))
        self.quantity += quantity

    def close(self, quantity: Decimal, value: Decimal) -> Decimal:
        """Take units from the oldest lots and return the profit, gross.

        Units: `quantity` has the sign opposite to the lots' and is not more than they hold;
        `value` = price x multiplier of one unit of what closes them.
        """
        profit, left = Decimal(0), quantity
        while left:
            held, price, multiplier = self._queue.popleft()
            taken = held if abs(held) <= abs(left) else -left
            profit += taken * (value - price * multiplier)
            if taken != held:
                self._queue.appendleft((held - taken, price, multiplier))
            left += taken
        self.quantity += quantity
        return profit

    def average_price(self) -> Decimal:
        """Average the prices of what is held, rounded to ten places."""
        total = sum((quantity * price for quantity, price, _ in self._queue), Decimal(0))
        return divide_rounded(total, self.quantity)

    def cost(self) -> Decimal:
        """Sum what is held at what was paid for it, signed like the position."""
        return sum((q * price * multiplier for q, price, multiplier in self._queue), Decimal(0))
