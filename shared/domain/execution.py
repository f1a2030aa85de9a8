"""The two kinds of rows that a broker account produces: executions and account events.

Fields stand in the order of canonical JSON, so that what is written of a row needs no sorting.
Those marked "left out" are not in a row's body while they have their default, so that a row which
lacks them has the bytes and the hash that it had before they existed.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from shared.domain.money import ExactDecimal
from shared.domain.time import Instant


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError("must be positive")
    return value


PositiveDecimal = Annotated[ExactDecimal, AfterValidator(_positive)]


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


class StatedPnl(_Frozen):
    """The profit that the broker says an execution realized, in the execution's currency.

    Shape: `after_fees` tells that fees of opening and closing are taken off (IBKR), else they are
    not (Binance, TopstepX).
    """

    after_fees: bool = False
    amount: ExactDecimal


def _left_out(value: object) -> bool:
    """Tell whether a field has its default and stays out of the row's body."""
    return value is None or value == ()


class Execution(_Frozen):
    """One fill, normalized.

    Shape: positions are kept by (symbol, currency), so a broker that holds long and short of one
    contract at once (hedge mode) needs two symbols. `base` names the coin that `quantity` counts:
    a fee in it makes the position smaller, and is worth its units at the fill's price.
    Units: `quantity` positive, in contracts, shares or coins; `price` per unit in `currency`;
    money = price x quantity x multiplier.
    """

    asset_class: AssetClass
    base: str | None = Field(default=None, exclude_if=_left_out)
    currency: str = Field(min_length=3)
    executed_at: Instant
    execution_id: str = Field(min_length=1)
    fees: tuple[Fee, ...] = ()
    kind: Literal["execution"] = "execution"
    multiplier: PositiveDecimal = Decimal(1)
    order_id: str | None = None
    price: ExactDecimal
    quantity: PositiveDecimal  # the direction is in `side`
    root: str = Field(min_length=1)  # what positions are kept by: ESZ5 and ESH6 are root ES
    side: Side
    stated_pnl: StatedPnl | None = Field(default=None, exclude_if=_left_out)
    status: RowStatus = RowStatus.BOOKED
    symbol: str = Field(min_length=1)

    @model_validator(mode="after")
    def _fee_leaves_something(self) -> Self:
        if self.base is not None and self.units_taken >= self.quantity:
            raise ValueError("a fee in units must be smaller than the quantity")
        return self

    @property
    def units_taken(self) -> Decimal:
        """Units that fees took from the position; negative when they were given back."""
        return sum((fee.amount for fee in self.fees if fee.currency == self.base), Decimal(0))

    @property
    def signed_quantity(self) -> Decimal:
        """Quantity with the sign of its effect on the position."""
        return self.quantity if self.side is Side.BUY else -self.quantity

    @property
    def occurred_at(self) -> Instant:
        """The instant at which the row changes the account."""
        return self.executed_at


class EventType(StrEnum):
    """What changed an account without a fill; AccountEvent says which fields tell it."""

    # cash alone, as `amount`; nothing is held or given up for it
    DIVIDEND = "dividend"
    INTEREST = "interest"
    FINANCING = "financing"
    CASH = "cash"  # deposits, withdrawals, settlements of what the book counts by price already
    FEE = "fee"  # charged apart; with `quantity` it was taken in units, at `price`
    # units that come or go without being traded
    TRANSFER = "transfer"  # from or to another place; `price` is their cost, None when unknown
    DELIVERY = "delivery"  # shares at the strike, because of an exercise or assignment
    # a position ends, at `price`, or for the cash in `amount`
    EXPIRY = "expiry"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    CASH_IN_LIEU = "cash_in_lieu"  # of a fraction that a corporate action left over
    # a position goes on with its cost
    SPLIT = "split"  # as other units: `ratio`, or the change in `quantity`, or both
    RENAME = "rename"  # under another symbol; with `ratio` also as other units


class Ratio(_Frozen):
    """How many new units come for how many old ones: 1 for 3 has no exact quotient."""

    new: ExactDecimal = Field(gt=0)
    old: ExactDecimal = Field(gt=0)


class AccountEvent(_Frozen):
    """One change of the account that is not a fill.

    Shape: what moves a position names `symbol`, `root` and `asset_class`, and its size in one way:
    `quantity` where the row has a sign, `closes` where the broker does not say long or short (the
    running position decides; without one the row is flagged and moves nothing). A rename is one
    row with `new_symbol` of the same root, or two, out (-) and in (+), with one `action_id` and one
    `occurred_at`, like a split that is told in two rows. Between two roots the cost does not go
    along: `price` on the row that comes in says it, else it is unknown.
    Units: `amount` signed cash in `currency` (negative = paid); `quantity` signed units of
    `symbol` (negative = removed), None where no position changes; `closes` positive units;
    `price` per unit: None for an ending that has none (an option then ends at `amount`, mostly 0;
    anything else is flagged); `multiplier` of what is held after it.
    """

    action_id: str | None = Field(default=None, exclude_if=_left_out)
    amount: ExactDecimal = Decimal(0)
    asset_class: AssetClass | None = None
    closes: PositiveDecimal | None = Field(default=None, exclude_if=_left_out)
    currency: str = Field(min_length=3)
    description: str = ""
    effective_on: date  # the trading day that it belongs to
    event_id: str = Field(min_length=1)
    fees: tuple[Fee, ...] = Field(default=(), exclude_if=_left_out)
    kind: Literal["event"] = "event"
    multiplier: PositiveDecimal = Decimal(1)
    new_symbol: str | None = Field(default=None, exclude_if=_left_out)
    occurred_at: Instant  # when the broker booked it; ordering within the log
    price: ExactDecimal | None = None
    quantity: ExactDecimal | None = None
    ratio: Ratio | None = Field(default=None, exclude_if=_left_out)
    root: str | None = None
    status: RowStatus = RowStatus.BOOKED
    subtype: str | None = None
    symbol: str | None = None
    type: EventType

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        if self.closes is not None and self.quantity is not None:
            raise ValueError("`closes` is for rows without a sign, which have no `quantity`")
        return self


LogRow = Annotated[Execution | AccountEvent, Field(discriminator="kind")]


class Observation(NamedTuple):
    """The number of a sighting: the highest is the head, whatever the order of arrival.

    Shape: `run` from the account's counter, `page` within the run, `row` within the page.
    """

    run: int
    page: int
    row: int

    def sort_text(self) -> str:
        """Render as fixed-width text that sorts like the tuple."""
        return f"{self.run:012d}.{self.page:08d}.{self.row:06d}"
