"""Round trips: from flat to flat in one symbol."""

from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.domain.execution import AssetClass
from shared.domain.ids import RowKey
from shared.domain.journal.opening import LotOrigin
from shared.domain.money import ExactDecimal
from shared.domain.time import Instant

TRADED = "traded"  # how a trip ends unless an event ends it, whose type then stands there


class Direction(StrEnum):
    """Which way the trip was opened."""

    LONG = "long"
    SHORT = "short"


class CurrencyAmount(BaseModel):
    """An amount of one currency."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: str
    amount: ExactDecimal


class Stated(BaseModel):
    """What the broker says that a trip realized, beside what we say.

    Shape: `after_fees` tells which of our figures it is held against, net or gross; `differs` is
    True where the two are further apart than rounding to cents explains.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    theirs: ExactDecimal
    ours: ExactDecimal
    after_fees: bool
    differs: bool


class RoundTrip(BaseModel):
    """A position from its first fill until it is flat, or until now.

    Shape: `key` is the row or opening lot that opened it (it opens at most one trip); `row_keys`
    its first 1,000 rows, `executions` the number of its fills. A fill that turns a position over
    belongs to both trips. `closed_at` is None while the trip is open; `ended_by` is "traded" or
    the type of the event that ended it. `rolled_from` and `rolled_to` are the keys of the trips in
    other contract months that it was rolled from and to. `stated` is None where the broker does
    not state the profit of every fill that closed, or the trip is open. `origin` tells that it
    holds an opening lot.
    Units: money in `currency`; `quantity` the most that was held; `entry_price` and `exit_price`
    are averages weighted by quantity, rounded to ten places, in units of today where a split came
    in between; `gross` realized so far; `fees` those of its rows in `currency`, `other_fees` in
    others; `net` = gross - fees; `duration_s` from the first to the last fill. What depends on an
    unknown cost is None: entry price, gross and net.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: RowKey
    symbol: str
    root: str
    asset_class: AssetClass
    currency: str
    multiplier: ExactDecimal
    direction: Direction
    quantity: ExactDecimal
    entry_price: ExactDecimal | None
    exit_price: ExactDecimal | None
    gross: ExactDecimal | None
    fees: ExactDecimal
    other_fees: tuple[CurrencyAmount, ...]
    net: ExactDecimal | None
    opened_at: Instant
    closed_at: Instant | None
    ended_by: str | None
    duration_s: ExactDecimal | None
    executions: int
    row_keys: tuple[RowKey, ...]
    origin: LotOrigin | None = None
    stated: Stated | None = None
    rolled_from: tuple[RowKey, ...] = ()
    rolled_to: tuple[RowKey, ...] = ()
    excluded: bool = False

    @property
    def result(self) -> Decimal | None:
        """Give the net with which a closed trip counts in totals; None for one that does not.

        Out stay trips that the user has excluded, trips of unknown cost, and those of which nothing
        was given up at a price: their units went to another account, or on under another name.
        """
        counts = self.closed_at is not None and self.exit_price is not None and not self.excluded
        return self.net if counts else None
