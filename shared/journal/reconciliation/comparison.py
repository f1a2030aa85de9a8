"""Two sides of one account: what the broker reports and what our journal holds."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.domain.money import ExactDecimal, no_digit_lost
from shared.ports import Body


class Agreement(StrEnum):
    """Whether two sides that were compared are equal."""

    AGREED = "agreed"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


class Line(BaseModel):
    """One symbol on both sides; a side that does not name it holds 0 of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    root: str
    ours: ExactDecimal
    theirs: ExactDecimal

    @property
    def equal(self) -> bool:
        """Tell whether both sides hold the same."""
        return self.ours == self.theirs


class Held:
    """Quantities by symbol, summed up without rounding."""

    def __init__(self) -> None:
        self._quantities: dict[str, tuple[str, Decimal]] = {}

    def add(self, symbol: str, root: str, quantity: Decimal) -> None:
        """Add a signed quantity."""
        with no_digit_lost():
            self._quantities[symbol] = (root, self.quantity(symbol) + quantity)

    def quantity(self, symbol: str) -> Decimal:
        """Tell what is held of a symbol; 0 where nothing is known of it."""
        return self._quantities.get(symbol, ("", Decimal(0)))[1]

    def all(self) -> list[tuple[str, str, Decimal]]:
        """List symbols, roots and quantities."""
        return [(symbol, root, units) for symbol, (root, units) in self._quantities.items()]

    def compare(self, reported: Sequence[Body]) -> tuple[Line, ...]:
        """Set our side against the broker's: the union of what either holds, by symbol."""
        theirs: Mapping[str, Body] = {position["symbol"]: position for position in reported}
        lines = []
        for symbol in sorted(self._quantities.keys() | theirs.keys()):
            position, ours = theirs.get(symbol), self.quantity(symbol)
            quantity = Decimal(position["quantity"]) if position else Decimal(0)
            if ours or quantity:
                root = position["root"] if position else self._quantities[symbol][0]
                lines.append(Line(symbol=symbol, root=root, ours=ours, theirs=quantity))
        return tuple(lines)
