"""Lots of one symbol: what is held in the order in which it came, and what it cost."""

from collections import deque
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from shared.domain.execution import Ratio
from shared.domain.money import ExactDecimal, divide, divide_rounded

_ZERO = Decimal(0)


class CostMethod(StrEnum):
    """Which units leave first, and so what a sale has cost; chosen for each account."""

    FIFO = "fifo"
    AVERAGE = "average"


@dataclass(slots=True)
class Lot:
    """Units that came together.

    Units: `quantity` and `cost` signed alike; `unit` is what one cost, None where only the total
    is exact (after a split, in an average); `cost` None where it is unknown.
    """

    quantity: ExactDecimal
    unit: ExactDecimal | None
    cost: ExactDecimal | None

    def share(self, taken: Decimal) -> Decimal | None:
        """Tell what some of the units cost; where it does not divide, rounded to ten places."""
        if self.cost is None or taken == self.quantity:
            return self.cost
        if self.unit is not None:
            return taken * self.unit
        return divide_rounded(self.cost * taken, self.quantity)

    def merge(self, other: "Lot") -> None:
        """Put other units into this lot."""
        known = self.cost is not None and other.cost is not None
        self.unit = self.unit if self.unit == other.unit else None
        self.cost = self.cost + other.cost if known else None  # type: ignore[operator]  # known says so
        self.quantity += other.quantity


@dataclass(slots=True)
class Lots:
    """Lots of one sign, oldest first; by average cost they are one."""

    method: CostMethod = CostMethod.FIFO
    quantity: ExactDecimal = _ZERO
    queue: deque[Lot] = field(default_factory=deque)

    def add(self, lot: Lot) -> None:
        """Put a lot, signed like those already here, at the end."""
        self.quantity += lot.quantity
        last = self.queue[-1] if self.queue else None
        if last is None:
            self.queue.append(lot)
        elif self.method is CostMethod.AVERAGE or (lot.unit is not None and last.unit == lot.unit):
            last.merge(lot)  # units of one price need not be told apart
        else:
            self.queue.append(lot)

    def take(self, quantity: Decimal) -> Decimal | None:
        """Take units from the oldest lots and return what they cost, None where it is unknown.

        Units: `quantity` is signed like the lots, and not more than they hold; so is the cost.
        """
        cost: Decimal | None = _ZERO
        left = quantity
        self.quantity -= quantity
        while self.queue and (left or not self.quantity):
            lot = self.queue[0]
            taken = lot.quantity if abs(lot.quantity) <= abs(left) else left
            share = lot.share(taken)
            cost = None if cost is None or share is None else cost + share
            left -= taken
            if taken == lot.quantity:
                self.queue.popleft()
            else:
                lot.quantity -= taken
                lot.cost = None if lot.cost is None or share is None else lot.cost - share
        return cost

    def scale(self, ratio: Ratio) -> None:
        """Turn old units into new ones of the same cost; quantities are rounded to ten places."""
        before = after = _ZERO
        for lot in self.queue:
            before += lot.quantity
            reached = scaled(before, ratio)  # of the sum, so that rounding never adds up
            lot.quantity, after = reached - after, reached
            lot.unit = _exact_quotient(lot.cost, lot.quantity)
        self.quantity = after

    def cost(self) -> Decimal | None:
        """Sum what is held at what it cost, signed like the position; None where it is unknown."""
        costs = [lot.cost for lot in self.queue if lot.cost is not None]
        return sum(costs, _ZERO) if len(costs) == len(self.queue) else None


def scaled(quantity: Decimal, ratio: Ratio) -> Decimal:
    """Turn a number of old units into new ones, rounded to ten places."""
    return divide_rounded(quantity * ratio.new, ratio.old)


def _exact_quotient(cost: Decimal | None, quantity: Decimal) -> Decimal | None:
    if cost is None or not quantity:
        return None
    quotient = divide(cost, quantity)
    return quotient if quotient * quantity == cost else None
