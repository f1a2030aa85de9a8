"""A round trip under way: what it sums up while fills come, and what it shows at any moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from shared.domain.execution import AssetClass, Ratio, StatedPnl
from shared.domain.ids import RowKey
from shared.domain.journal.lots import Lot, Lots, scaled
from shared.domain.journal.opening import LotOrigin
from shared.domain.journal.position import Position
from shared.domain.journal.trips.round_trip import (
    CurrencyAmount,
    Direction,
    RoundTrip,
    Stated,
)
from shared.domain.money import ExactDecimal, divide_rounded
from shared.domain.time import Instant

MAX_ROW_KEYS = 1000  # a trip that never ends must still fit into a document
_HALF_A_CENT = Decimal("0.005")
_ZERO = Decimal(0)
_MICROSECOND = timedelta(microseconds=1)

Fees = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Given:
    """What a trip gave to the figures of a day, to be taken back if the trip is left out."""

    day: date
    currency: str
    gross: ExactDecimal = _ZERO
    fees: ExactDecimal = _ZERO


@dataclass(frozen=True, slots=True)
class Traded:
    """What is held: a symbol in a currency, and what it is of."""

    symbol: str
    root: str
    asset_class: AssetClass
    currency: str
    multiplier: ExactDecimal


@dataclass(slots=True)
class Leg:
    """Units that came, or went, and what they were worth in money."""

    quantity: ExactDecimal = _ZERO
    value: ExactDecimal = _ZERO

    def add(self, quantity: Decimal, value: Decimal) -> None:
        """Count units at their worth in all."""
        self.quantity += quantity
        self.value += value

    def price(self, multiplier: Decimal) -> Decimal | None:
        """Average the price of a unit, rounded to ten places."""
        return divide_rounded(self.value, self.quantity * multiplier) if self.quantity else None


@dataclass(slots=True)
class Statements:
    """What the broker states about the fills that closed something."""

    amount: ExactDecimal = _ZERO
    count: int = 0
    missing: int = 0
    after_fees: bool = False

    def add(self, stated: StatedPnl | None) -> None:
        """Count one fill that closed something."""
        if stated is None:
            self.missing += 1
            return
        self.amount += stated.amount
        self.count += 1
        self.after_fees = stated.after_fees

    def against(self, gross: Decimal, net: Decimal) -> Stated | None:
        """Hold all of them against our figure; None where a fill has none."""
        if self.missing or not self.count:
            return None
        ours = net if self.after_fees else gross
        differs = abs(ours - self.amount) > _HALF_A_CENT * self.count
        return Stated(theirs=self.amount, ours=ours, after_fees=self.after_fees, differs=differs)


@dataclass(slots=True)
class OpenTrip:
    """A trip under way; `what` is what it holds now, under its newest name.

    Shape: `known` is False once it has held units of unknown cost, or given up some for an unknown
    price. `excluded` tells that the user has left it out; `given` is kept only where a journal has
    such trips.
    """

    key: RowKey
    what: Traded
    opened_at: Instant
    lots: Lots
    long: bool
    entry: Leg = field(default_factory=Leg)
    exit: Leg = field(default_factory=Leg)
    most: ExactDecimal = _ZERO
    gross: ExactDecimal = _ZERO
    fees: dict[str, ExactDecimal] = field(default_factory=dict)
    executions: int = 0
    row_keys: list[RowKey] = field(default_factory=list)
    last_key: RowKey | None = None
    known: bool = True
    origin: LotOrigin | None = None
    statements: Statements = field(default_factory=Statements)
    rolled_from: list[RowKey] = field(default_factory=list)
    rolled_to: list[RowKey] = field(default_factory=list)
    excluded: bool = False
    given: list[Given] = field(default_factory=list)

    def exclude(self) -> list[Given]:
        """Leave the trip out from now on; return what it gave until now."""
        given, self.given, self.excluded = self.given, [], True
        return given

    def note(self, key: RowKey, fees: Fees, *, fill: bool) -> None:
        """Count a row and what it cost; the two halves of one row count once."""
        for currency, amount in fees.items():
            self.fees[currency] = self.fees.get(currency, _ZERO) + amount
        if key == self.last_key:
            return
        self.last_key = key
        self.executions += fill
        if len(self.row_keys) < MAX_ROW_KEYS:
            self.row_keys.append(key)

    def enlarge(self, lot: Lot) -> None:
        """Take units in."""
        self.lots.add(lot)
        self.most = max(self.most, abs(self.lots.quantity))
        if lot.cost is None:
            self.known = False
        else:
            self.entry.add(abs(lot.quantity), abs(lot.cost))

    def reduce(self, quantity: Decimal, proceeds: Decimal | None) -> Decimal:
        """Give units up for a sum of cash and return the profit, 0 while it cannot be known.

        Units: `quantity` signed like the trade, opposite to what is held; `proceeds` signed cash.
        """
        cost = self.lots.take(-quantity)
        if cost is None or proceeds is None:
            self.known = False
        if proceeds is not None:
            self.exit.add(abs(quantity), proceeds if self.long else -proceeds)
        if not self.known or cost is None or proceeds is None:
            return _ZERO
        self.gross += proceeds - cost
        return proceeds - cost

    def scale(self, ratio: Ratio) -> None:
        """Go on in other units, as after a split."""
        self.lots.scale(ratio)
        self.most = scaled(self.most, ratio)
        for leg in (self.entry, self.exit):
            leg.quantity = scaled(leg.quantity, ratio)

    def position(self) -> Position:
        """Render what is held."""
        cost = self.lots.cost()
        units = self.lots.quantity * self.what.multiplier
        return Position(
            symbol=self.what.symbol,
            root=self.what.root,
            asset_class=self.what.asset_class,
            currency=self.what.currency,
            multiplier=self.what.multiplier,
            quantity=self.lots.quantity,
            average_price=None if cost is None else divide_rounded(cost, units),
            cost=cost,
            opened_at=self.opened_at,
        )

    def freeze(self, closed_at: datetime | None, ended_by: str | None) -> RoundTrip:
        """Render the trip as it stands."""
        what, own = self.what, self.fees.get(self.what.currency, _ZERO)
        others = {c: amount for c, amount in self.fees.items() if c != what.currency}
        net = self.gross - own
        closed = closed_at is not None and self.known
        return RoundTrip(
            key=self.key,
            symbol=what.symbol,
            root=what.root,
            asset_class=what.asset_class,
            currency=what.currency,
            multiplier=what.multiplier,
            direction=Direction.LONG if self.long else Direction.SHORT,
            quantity=self.most,
            entry_price=self.entry.price(what.multiplier) if self.known else None,
            exit_price=self.exit.price(what.multiplier),
            gross=self.gross if self.known else None,
            fees=own,
            other_fees=tuple(
                CurrencyAmount(currency=c, amount=amount) for c, amount in sorted(others.items())
            ),
            net=net if self.known else None,
            opened_at=self.opened_at,
            closed_at=closed_at,
            ended_by=ended_by,
            duration_s=None if closed_at is None else _seconds(closed_at - self.opened_at),
            executions=self.executions,
            row_keys=tuple(self.row_keys),
            origin=self.origin,
            stated=self.statements.against(self.gross, net) if closed else None,
            rolled_from=tuple(self.rolled_from),
            rolled_to=tuple(self.rolled_to),
            excluded=self.excluded,
        )


def _seconds(duration: timedelta) -> Decimal:
    return (Decimal(duration // _MICROSECOND) / 10**6).normalize()
