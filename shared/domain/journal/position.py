"""What is held: the open position of one symbol."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.domain.execution import AssetClass
from shared.domain.money import ExactDecimal
from shared.domain.time import Instant


class Position(BaseModel):
    """An open position in one symbol.

    Units: `quantity` signed (negative = short); `average_price` of the lots still held, rounded to
    ten places; `cost` exact and signed: the sum of quantity x price x multiplier over those lots.
    Both are None where the cost of a lot is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    root: str
    asset_class: AssetClass
    currency: str
    multiplier: ExactDecimal
    quantity: ExactDecimal
    average_price: ExactDecimal | None
    cost: ExactDecimal | None
    opened_at: Instant

    def unrealized(self, mark: Decimal) -> Decimal | None:
        """Value the position at a price, less what it cost; None where that is unknown."""
        if self.cost is None:
            return None
        return self.quantity * mark * self.multiplier - self.cost
