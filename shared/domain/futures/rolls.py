"""Rolls: a position closed in one contract month and opened in another of the same root.

A roll stays two trades, each with its own profit; it only links them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from shared.domain.execution import AccountEvent, AssetClass, Execution, RowStatus
from shared.domain.ids import RowKey
from shared.domain.journal.round_trip import Direction
from shared.domain.money import divide_rounded, no_digit_lost

WITHIN = timedelta(minutes=15)  # from the first to the last fill of both halves


@dataclass(frozen=True, slots=True)
class Half:
    """One half of a roll: the fills that closed, or opened, one contract month.

    Units: `quantity` in contracts, positive; `price` their average, rounded to ten places.
    """

    symbol: str
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


@dataclass(slots=True)
class _Leg:
    """Fills in a row that only reduced, or only enlarged, the position in one month."""

    symbol: str
    currency: str
    direction: Direction
    closes: bool
    fills: list[tuple[RowKey, Execution, Decimal]] = field(default_factory=list)

    @property
    def quantity(self) -> Decimal:
        return sum((part for _, _, part in self.fills), Decimal(0))

    @property
    def began_at(self) -> datetime:
        return self.fills[0][1].executed_at

    @property
    def ended_at(self) -> datetime:
        return self.fills[-1][1].executed_at

    def takes(self, other: "_Leg", within: timedelta) -> bool:
        """Tell whether a piece goes on with this leg."""
        same = (self.direction, self.closes) == (other.direction, other.closes)
        return same and other.began_at - self.ended_at <= within

    def half(self) -> Half:
        quantity = self.quantity
        turnover = sum((part * fill.price for _, fill, part in self.fills), Decimal(0))
        return Half(
            symbol=self.symbol,
            keys=tuple(key for key, _, _ in self.fills),
            quantity=quantity,
            price=divide_rounded(turnover, quantity),
            began_at=self.began_at,
            ended_at=self.ended_at,
        )


def find_rolls(
    log: Iterable[tuple[RowKey, Execution | AccountEvent]], *, within: timedelta = WITHIN
) -> tuple[Roll, ...]:
    """Find the rolls in the log of one root, in whatever order its rows come.

    Shape: oldest first; every fill belongs to at most one roll, unless it turned a position over;
    a part of a position can be rolled, as long as both halves are of equal quantity.
    """
    ordered = sorted(log, key=lambda entry: (entry[1].occurred_at, entry[0]))
    months: dict[tuple[str, str], _Month] = {}
    with no_digit_lost():
        for key, row in ordered:
            if row.status is RowStatus.BUSTED or row.asset_class is not AssetClass.FUTURE:
                continue
            month = months.setdefault((row.symbol or "", row.currency), _Month(within))
            month.take(key, row)
        legs = [leg for month in months.values() for leg in month.legs]
        legs.sort(key=lambda leg: (leg.began_at, leg.symbol))
        return tuple(_pairs(legs, within))


@dataclass(slots=True)
class _Month:
    """The position in one contract month, and its legs so far."""

    within: timedelta
    held: Decimal = Decimal(0)
    legs: list[_Leg] = field(default_factory=list)

    def take(self, key: RowKey, row: Execution | AccountEvent) -> None:
        if isinstance(row, AccountEvent):  # an expiry ends a position, and is no half of a roll
            self.held += row.quantity or 0
            return
        signed = row.signed_quantity
        closing = min(abs(signed), abs(self.held)) if self.held * signed < 0 else Decimal(0)
        if closing:
            self._add(key, row, closing, closes=True)
        if abs(signed) > closing:
            self._add(key, row, abs(signed) - closing, closes=False)
        self.held += signed

    def _add(self, key: RowKey, fill: Execution, part: Decimal, *, closes: bool) -> None:
        long = (fill.signed_quantity > 0) is not closes
        direction = Direction.LONG if long else Direction.SHORT
        piece = _Leg(fill.symbol, fill.currency, direction, closes, [(key, fill, part)])
        if self.legs and self.legs[-1].takes(piece, self.within):
            self.legs[-1].fills += piece.fills
        else:
            self.legs.append(piece)


def _pairs(legs: Sequence[_Leg], within: timedelta) -> Iterator[Roll]:
    openings = [leg for leg in legs if not leg.closes]
    for closed in (leg for leg in legs if leg.closes):
        fitting = [leg for leg in openings if _fits(closed, leg, within)]
        if fitting:
            opened = min(fitting, key=lambda leg: abs(leg.began_at - closed.began_at))
            openings.remove(opened)
            root = closed.fills[0][1].root
            yield Roll(root, closed.currency, closed.direction, closed.half(), opened.half())


def _fits(closed: _Leg, opened: _Leg, within: timedelta) -> bool:
    began = min(closed.began_at, opened.began_at)
    return (
        closed.symbol != opened.symbol
        and (closed.currency, closed.direction) == (opened.currency, opened.direction)
        and closed.quantity == opened.quantity
        and max(closed.ended_at, opened.ended_at) - began <= within
    )
