"""The two kinds of rows that a broker account produces: executions and account events."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from shared.domain.ids import content_hash
from shared.domain.money import ExactDecimal
from shared.domain.time import Instant


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(StrEnum):
    """Which way an execution changes the position."""

    BUY = "buy"
    SELL = "sell"


class AssetClass(StrEnum):
    """What was traded."""

    EQUITY = "equity"
    OPTION = "option"
    FUTURE = "future"
    FX = "fx"
    CFD = "cfd"  # contracts for difference: metals, indices, commodities
    CRYPTO = "crypto"


class RowStatus(StrEnum):
    """Whether the broker still stands by a row; a bust cancels, it does not delete."""

    BOOKED = "booked"
    BUSTED = "busted"


class FeeOrigin(StrEnum):
    """How sure a fee is."""

    REPORTED = "reported"
    ESTIMATED = "estimated"
    PENDING = "pending"


class Fee(_Frozen):
    """A cost attached to one execution; positive is a cost, negative a rebate."""

    amount: ExactDecimal
    currency: str
    origin: FeeOrigin = FeeOrigin.REPORTED


class Execution(_Frozen):
    """One fill, normalized.

    Units: `quantity` positive, in contracts, shares or coins; `price` per unit in `currency`;
    money = price x quantity x multiplier.
    """

    kind: Literal["execution"] = "execution"
    execution_id: str = Field(min_length=1)
    order_id: str | None = None
    symbol: str = Field(min_length=1)
    root: str = Field(min_length=1)  # what positions are kept by: ESZ5 and ESH6 are root ES
    asset_class: AssetClass
    side: Side
    quantity: ExactDecimal
    price: ExactDecimal
    multiplier: ExactDecimal = Decimal(1)
    currency: str = Field(min_length=3)
    executed_at: Instant
    fees: tuple[Fee, ...] = ()
    status: RowStatus = RowStatus.BOOKED

    @field_validator("quantity", "multiplier")
    @classmethod
    def _positive(cls, value: Decimal) -> Decimal:
        if value <= 0:
            raise ValueError("must be positive; the direction is in `side`")
        return value

    @property
    def signed_quantity(self) -> Decimal:
        """Quantity with the sign of its effect on the position."""
        return self.quantity if self.side is Side.BUY else -self.quantity

    @property
    def occurred_at(self) -> Instant:
        """The instant at which the row changes the account."""
        return self.executed_at


class EventType(StrEnum):
    """What changed an account without a fill."""

    FEE = "fee"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    FINANCING = "financing"
    CASH = "cash"
    TRANSFER = "transfer"
    SPLIT = "split"
    EXPIRY = "expiry"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    DELIVERY = "delivery"  # shares booked because of an exercise or assignment


class AccountEvent(_Frozen):
    """One change of the account that is not a fill.

    Units: `amount` signed cash in `currency` (negative = paid); `quantity` signed units of
    `symbol` (negative = removed), None where no position changes.
    """

    kind: Literal["event"] = "event"
    event_id: str = Field(min_length=1)
    type: EventType
    subtype: str | None = None
    symbol: str | None = None
    root: str | None = None
    asset_class: AssetClass | None = None
    quantity: ExactDecimal | None = None
    price: ExactDecimal | None = None
    multiplier: ExactDecimal = Decimal(1)
    amount: ExactDecimal = Decimal(0)
    currency: str = Field(min_length=3)
    effective_on: date  # the trading day that it belongs to
    occurred_at: Instant  # when the broker booked it; ordering within the log
    description: str = ""
    status: RowStatus = RowStatus.BOOKED


# Events whose effect on a position is that of a fill at their price.
_LIKE_A_FILL = frozenset(
    {
        EventType.EXPIRY,
        EventType.EXERCISE,
        EventType.ASSIGNMENT,
        EventType.DELIVERY,
        EventType.FEE,  # taken in coins
    }
)


def as_fill(row: Execution | AccountEvent) -> Execution | None:
    """Give the fill that has a row's effect on the position; None where there is no such fill.

    An option that ends is closed at 0, and so its premium is the result; delivered shares change
    hands at the strike; a fee in coins gives them away at their price.
    """
    if isinstance(row, Execution):
        return row
    if row.symbol is None or row.root is None or row.asset_class is None or row.price is None:
        return None
    if not row.quantity or row.type not in _LIKE_A_FILL:
        return None
    return Execution(
        execution_id=row.event_id,
        symbol=row.symbol,
        root=row.root,
        asset_class=row.asset_class,
        side=Side.BUY if row.quantity > 0 else Side.SELL,
        quantity=abs(row.quantity),
        price=row.price,
        multiplier=row.multiplier,
        currency=row.currency,
        executed_at=row.occurred_at,
        status=row.status,
    )


LogRow = Annotated[Execution | AccountEvent, Field(discriminator="kind")]


def row_body(row: Execution | AccountEvent) -> dict[str, Any]:
    """Render a row as it is stored: decimals and times as text."""
    return row.model_dump(mode="json")


def row_hash(row: Execution | AccountEvent) -> str:
    """Hash the normalized content that decides between 'same' and 'revised'."""
    return content_hash(row_body(row))


class Observation(_Frozen):
    """The number of a sighting: the highest is the head, whatever the order of arrival.

    Shape: `run` from the account's counter, `page` within the run, `row` within the page.
    """

    run: int = Field(ge=1)
    page: int = Field(ge=0)
    row: int = Field(ge=0)

    def sort_text(self) -> str:
        """Render as fixed-width text that sorts like the tuple."""
        return f"{self.run:012d}.{self.page:08d}.{self.row:06d}"
