"""Opening lots: what was held before the known history begins."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, field_validator

from shared.domain.execution import AssetClass
from shared.domain.ids import RowKey, content_key
from shared.domain.money import ExactDecimal
from shared.domain.time import Instant, iso


class LotOrigin(StrEnum):
    """How an opening lot is known."""

    INFERRED = "inferred"  # worked out from what the broker reported later
    STATED = "stated"  # told by the user or by a statement of the broker


class OpeningLot(BaseModel):
    """What was held of a symbol in all at an instant, before every row of that instant.

    Shape: because it is the whole and not an addition, it gives way by itself: real fills from
    before `held_at` take its place as they arrive, and the lot brings only what they leave open.
    Units: `quantity` signed, 0 says that nothing was held; `price` what a unit cost on average,
    None when it is unknown: trips with such units are shown and left out of all totals. The price
    holds only as long as the lot is whole; the cost of a rest is unknown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    root: str
    asset_class: AssetClass
    currency: str
    multiplier: ExactDecimal
    quantity: ExactDecimal
    price: ExactDecimal | None
    held_at: Instant
    origin: LotOrigin

    @field_validator("multiplier")
    @classmethod
    def _positive(cls, value: ExactDecimal) -> ExactDecimal:
        if value <= 0:
            raise ValueError("must be positive")
        return value

    @property
    def key(self) -> RowKey:
        """Name the lot where a row's key would stand: as what opened a trip."""
        return RowKey(content_key("opening", self.symbol, self.currency, iso(self.held_at)))
