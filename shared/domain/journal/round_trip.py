"""Round trips: from flat to flat in one symbol, by FIFO lots."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.domain.execution import AssetClass, Execution
from shared.domain.ids import RowKey
from shared.domain.journal.position import Lots, Position
from shared.domain.money import ExactDecimal, divide_rounded
from shared.domain.time import Instant

MAX_ROW_KEYS = 1000  # a trip that never ends must still fit into a document


class Direction(StrEnum):
    """Which way the trip was opened."""

    LONG = "long"
    SHORT = "short"


class RoundTrip(BaseModel):
    """A position from its first fill until it is flat, or until now.

    Shape: `key` is the row that opened it (a row opens at most one trip); `row_keys` its first
    1,000 executions, `executions` their full number. An execution that turns a position over
    belongs to both trips. `closed_at` is None while the trip is open.
    Units: money in `currency`; `quantity` the most that was held; `entry_price` and `exit_price`
    are averages weighted by quantity, rounded to ten places; `gross` realized so far; `fees` those
    of its executions in `currency`; `net` = gross - fees.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: RowKey
    symbol: str
    root: str
    asset_class: AssetClass
    currency: str
    direction: Direction
    quantity: ExactDecimal
    entry_price: ExactDecimal
    exit_price: ExactDecimal | None
    gross: ExactDecimal
    fees: ExactDecimal
    net: ExactDecimal
    opened_at: Instant
    closed_at: Instant | None
    executions: int
    row_keys: tuple[RowKey, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What one execution did: the profit it realized and the trip it ended, if it ended one."""

    realized: Decimal
    ended: RoundTrip | None


@dataclass(slots=True)
class _Leg:
    quantity: Decimal = Decimal(0)
    turnover: Decimal = Decimal(0)  # quantity x price

    def add(self, quantity: Decimal, price: Decimal) -> None:
        self.quantity += quantity
        self.turnover += quantity * price

    def price(self) -> Decimal:
        return divide_rounded(self.turnover, self.quantity)


@dataclass(slots=True)
class OpenTrip:
    """A trip under way; used inside one computation and never kept."""

    key: RowKey
    first: Execution
    lots: Lots = field(default_factory=Lots)
    entry: _Leg = field(default_factory=_Leg)
    exit: _Leg = field(default_factory=_Leg)
    most: Decimal = Decimal(0)
    gross: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    row_keys: list[RowKey] = field(default_factory=list)

    def add(self, key: RowKey, fill: Execution, quantity: Decimal, fee: Decimal) -> None:
        """Open or enlarge by a signed quantity."""
        self.lots.add(quantity, fill.price, fill.multiplier)
        self.entry.add(abs(quantity), fill.price)
        self.most = max(self.most, abs(self.lots.quantity))
        self.fees += fee
        self.row_keys.append(key)

    def reduce(self, key: RowKey, fill: Execution, quantity: Decimal, fee: Decimal) -> Decimal:
        """Close a signed quantity that the lots hold, and return the profit, gross."""
        realized = self.lots.close(quantity, fill.price * fill.multiplier)
        self.exit.add(abs(quantity), fill.price)
        self.gross += realized
        self.fees += fee
        self.row_keys.append(key)
        return realized

    def freeze(self, closed_at: Instant | None) -> RoundTrip:
        """Render the trip as it stands."""
        long = (self.first.signed_quantity) > 0
        return RoundTrip(
            key=self.key,
            symbol=self.first.symbol,
            root=self.first.root,
            asset_class=self.first.asset_class,
            currency=self.first.currency,
            direction=Direction.LONG if long else Direction.SHORT,
            quantity=self.most,
            entry_price=self.entry.price(),
            exit_price=self.exit.price() if self.exit.quantity else None,
            gross=self.gross,
            fees=self.fees,
            net=self.gross - self.fees,
            opened_at=self.first.executed_at,
            closed_at=closed_at,
            executions=len(self.row_keys),
            row_keys=tuple(self.row_keys[:MAX_ROW_KEYS]),
        )

    def position(self) -> Position:
        """Render what is held."""
        return Position(
            symbol=self.first.symbol,
            root=self.first.root,
            asset_class=self.first.asset_class,
            currency=self.first.currency,
            multiplier=self.first.multiplier,
            quantity=self.lots.quantity,
            average_price=self.lots.average_price(),
            cost=self.lots.cost(),
            opened_at=self.first.executed_at,
        )


class Trips:
    """The trips of one symbol in one currency; fed with executions in the order of the log."""

    def __init__(self) -> None:
        self.ended: list[RoundTrip] = []
        self.open: OpenTrip | None = None

    def take(self, key: RowKey, fill: Execution) -> Step:
        """Apply one execution; one that turns the position over is split between two trips."""
        fee = sum((f.amount for f in fill.fees if f.currency == fill.currency), Decimal(0))
        quantity = fill.signed_quantity
        held = self.open.lots.quantity if self.open else Decimal(0)
        if self.open is None or held * quantity > 0:
            self._enlarge(key, fill, quantity, fee)
            return Step(Decimal(0), None)
        closing = quantity if abs(quantity) <= abs(held) else -held
        # rounded to ten places; the other part takes the rest, so that no part of the fee is lost
        share = fee if closing == quantity else divide_rounded(fee * closing, quantity)
        realized = self.open.reduce(key, fill, closing, share)
        ended = None
        if not self.open.lots.quantity:
            ended = self.open.freeze(fill.executed_at)
            self.ended.append(ended)
            self.open = None
        if closing != quantity:
            self._enlarge(key, fill, quantity - closing, fee - share)
        return Step(realized, ended)

    def _enlarge(self, key: RowKey, fill: Execution, quantity: Decimal, fee: Decimal) -> None:
        if self.open is None:
            self.open = OpenTrip(key, fill)
        self.open.add(key, fill, quantity, fee)

    def all(self) -> Iterator[RoundTrip]:
        """List every trip, the open one last."""
        yield from self.ended
        if self.open is not None:
            yield self.open.freeze(None)
