"""A position as most brokers show it."""

from dataclasses import dataclass
from decimal import Decimal

from shared.domain.money import divide


@dataclass
class Holding:
    """What is held of one thing: average entry over the fills that opened it."""

    quantity: Decimal = Decimal(0)
    average: Decimal = Decimal(0)
    last_price: Decimal = Decimal(0)

    def fill(self, change: Decimal, price: Decimal) -> None:
        """Apply one fill."""
        before, self.quantity, self.last_price = self.quantity, self.quantity + change, price
        if before * change >= 0:  # opened or added to
            self.average = divide(before * self.average + change * price, self.quantity)
        elif before * self.quantity < 0:  # flipped through flat
            self.average = price

    @property
    def value(self) -> Decimal:
        """What it is worth at the last price."""
        return self.quantity * self.last_price
