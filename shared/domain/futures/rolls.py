"""Rolls: a position closed in one contract month and opened in another of the same root.

A roll stays two trades, each with its own profit; it only links them. They are found while the log
goes by, so that no log need be read from its beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from shared.domain.ids import RowKey
from shared.domain.journal.trips.round_trip import Direction
from shared.domain.money import ExactDecimal, divide_rounded
from shared.domain.time import Instant

WITHIN = timedelta(minutes=15)  # from the first to the last fill of both halves


@dataclass(frozen=True, slots=True)
class Half:
    """One half of a roll: the fills that closed, or opened, one contract month.

    Shape: `trip` is the round trip that they belong to.
    Units: `quantity` in contracts, positive; `price` their average, rounded to ten places.
    """

    symbol: str
    trip: RowKey
    keys: tuple[RowKey, ...]
    quantity: Decimal
    price: Decimal
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Roll:
    """Two halves of equal quantity: `closed` is what the position left, `opened` where it went."""

    root: str
    currency: str
    direction: Direction
    closed: Half
    opened: Half

    @property
    def spread(self) -> Decimal:
        """What the new month was dearer, in points."""
        return self.opened.price - self.closed.price


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a fill that only closed, or only opened, contracts of one trip.

    Units: `worth` = quantity x price x multiplier.
    """

    trip: RowKey
    key: RowKey
    symbol: str
    currency: str
    direction: Direction
    closes: bool
    quantity: Decimal
    worth: Decimal
    multiplier: Decimal
    at: datetime


@dataclass(slots=True)
class RollLeg:
    """Pieces in a row of one trip and kind; `settled` when it is half of a roll, or of none."""

    trip: RowKey
    symbol: str
    currency: str
    direction: Direction
    closes: bool
    began_at: Instant
    ended_at: Instant
    multiplier: ExactDecimal
    quantity: ExactDecimal = Decimal(0)
    worth: ExactDecimal = Decimal(0)
    keys: list[RowKey] = field(default_factory=list)
    settled: bool = False

    def goes_on_with(self, piece: Piece) -> bool:
        """Tell whether a piece belongs to this leg."""
        same = (self.trip, self.closes) == (piece.trip, piece.closes)
        return same and piece.at - self.ended_at <= WITHIN

    def add(self, piece: Piece) -> None:
        """Take a piece; a leg that lasts too long for a roll goes on, but need not be known."""
        self.ended_at = piece.at
        if piece.at - self.began_at > WITHIN:
            self.settled, self.keys = True, []
            return
        self.quantity += piece.quantity
        self.worth += piece.worth
        self.keys.append(piece.key)

    def fits(self, opened: "RollLeg") -> bool:
        """Tell whether another leg opened what this one closed."""
        began = min(self.began_at, opened.began_at)
        return (
            self.symbol != opened.symbol
            and (self.currency, self.direction) == (opened.currency, opened.direction)
            and self.quantity == opened.quantity
            and max(self.ended_at, opened.ended_at) - began <= WITHIN
        )

    def half(self) -> Half:
        """Render the leg as half of a roll."""
        price = divide_rounded(self.worth, self.quantity * self.multiplier)
        span = (self.began_at, self.ended_at)
        return Half(self.symbol, self.trip, tuple(self.keys), self.quantity, price, *span)


@dataclass(slots=True)
class RollFinder:
    """The legs of one root that may still grow or find their other half, oldest first."""

    legs: list[RollLeg] = field(default_factory=list)

    def take(self, piece: Piece) -> None:
        """Put a piece to its leg, or begin one."""
        month = (piece.symbol, piece.currency)
        last = next((g for g in reversed(self.legs) if (g.symbol, g.currency) == month), None)
        if last is None or not last.goes_on_with(piece):
            what = (piece.trip, *month, piece.direction, piece.closes)
            last = RollLeg(*what, piece.at, piece.at, piece.multiplier)
            self.legs.append(last)
        last.add(piece)

    def settle(self, root: str, now: datetime | None) -> Iterator[Roll]:
        """Yield the rolls that nothing after `now` can change; None is the end of the log."""
        for closed in sorted(self.legs, key=_place):
            if closed.settled or not closed.closes:
                continue
            if now is not None and now - closed.began_at <= 2 * WITHIN:
                break
            closed.settled = True
            fitting = [g for g in self.legs if not g.closes and not g.settled and closed.fits(g)]
            if fitting:
                opened = min(fitting, key=lambda g: (abs(g.began_at - closed.began_at), _place(g)))
                opened.settled = True
                what = (root, closed.currency, closed.direction)
                yield Roll(*what, closed.half(), opened.half())
        if now is not None:
            self.legs = [leg for leg in self.legs if _matters(leg, now)]


def _place(leg: RollLeg) -> tuple[datetime, str]:
    return leg.began_at, leg.symbol


def _matters(leg: RollLeg, now: datetime) -> bool:
    """Tell whether a leg can still grow, or find its other half."""
    grows = now - leg.ended_at <= WITHIN
    return grows or (not leg.settled and now - leg.began_at <= 3 * WITHIN)
