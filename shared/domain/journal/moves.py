"""What moves a position: rows of the log, turned into one form that the trips understand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from shared.domain.execution import AccountEvent, AssetClass, EventType, Execution, Fee, StatedPnl
from shared.domain.ids import RowKey
from shared.domain.journal.trips.open_trip import Traded
from shared.domain.journal.trips.round_trip import TRADED
from shared.domain.money import divide_rounded

_ZERO = Decimal(0)
ENDINGS = frozenset(
    {EventType.EXPIRY, EventType.EXERCISE, EventType.ASSIGNMENT, EventType.CASH_IN_LIEU}
)


class Part(StrEnum):
    """What of a row a move stands for."""

    FILL = "fill"
    FEE = "fee"  # of a fill, taken in its own coin
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a position.

    Shape: `by` is how a trip ends that it ends.
    Units: `quantity` signed; it is worth `unit` in money for each of its units, or `cash` (signed)
    in all; with neither its worth is unknown.
    """

    key: RowKey
    what: Traded
    at: datetime
    quantity: Decimal
    unit: Decimal | None = None
    cash: Decimal | None = None
    fees: Mapping[str, Decimal] = field(default_factory=dict)
    stated: StatedPnl | None = None
    by: str = TRADED
    part: Part = Part.FILL

    @property
    def proceeds(self) -> Decimal | None:
        """Tell what cash the units brought, negative where it was paid; None if unknown."""
        return self.cash if self.unit is None else -self.quantity * self.unit

    def split(self, quantity: Decimal) -> tuple["Move", "Move"]:
        """Give the moves of a first number of units and of the rest, with their shares of money.

        Shape: a share is rounded to ten places; the rest has what is left, so nothing is lost.
        """

        def share(amount: Decimal) -> Decimal:
            return divide_rounded(amount * quantity, self.quantity)

        shares = {currency: share(fee) for currency, fee in self.fees.items()}
        rests = {currency: fee - shares[currency] for currency, fee in self.fees.items()}
        cash = None if self.cash is None else share(self.cash)
        left = None if self.cash is None or cash is None else self.cash - cash
        first = replace(self, quantity=quantity, fees=shares, cash=cash)
        return first, replace(self, quantity=self.quantity - quantity, fees=rests, cash=left)


def moves_of_fill(key: RowKey, fill: Execution, held: Decimal) -> Sequence[Move]:
    """Turn a fill into moves; a fee in its own coin is a second one, at the price of the fill.

    Shape: in the order in which the two turn a position over at most once.
    """
    what = Traded(fill.symbol, fill.root, fill.asset_class, fill.currency, fill.multiplier)
    unit, taken = fill.price * fill.multiplier, fill.units_taken
    fees = sums(fee for fee in fill.fees if fee.currency != fill.base)
    quantity = fill.signed_quantity
    trade = Move(key, what, fill.executed_at, quantity, unit, fees=fees, stated=fill.stated_pnl)
    if not taken:
        return (trade,)
    worth = {fill.currency: taken * unit}
    fee = Move(key, what, fill.executed_at, -taken, unit, fees=worth, part=Part.FEE)
    turns = held * quantity < 0 and taken * quantity > 0
    return (fee, trade) if turns else (trade, fee)


def move_of_event(key: RowKey, event: AccountEvent, quantity: Decimal) -> Move | None:
    """Turn an event into the move of a number of units; None where it does not say of what."""
    what = traded_in(event)
    if what is None:
        return None
    ends_flat = event.type in ENDINGS and event.asset_class is AssetClass.OPTION
    has_cash = event.type is EventType.CASH_IN_LIEU or ends_flat or event.amount
    return Move(
        key=key,
        what=what,
        at=event.occurred_at,
        quantity=quantity,
        unit=None if event.price is None else event.price * event.multiplier,
        cash=event.amount if event.price is None and has_cash else None,
        fees=sums(event.fees),
        by=event.type.value,
        part=Part.EVENT,
    )


def traded_in(event: AccountEvent) -> Traded | None:
    """Name what an event moves; None where it does not say."""
    if event.symbol is None or event.root is None or event.asset_class is None:
        return None
    return Traded(event.symbol, event.root, event.asset_class, event.currency, event.multiplier)


def sums(fees: Iterable[Fee]) -> dict[str, Decimal]:
    """Add fees up by currency."""
    found: dict[str, Decimal] = {}
    for fee in fees:
        found[fee.currency] = found.get(fee.currency, _ZERO) + fee.amount
    return found
