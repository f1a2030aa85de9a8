"""The journal of one root: a pure function of its log, the same bytes from the same rows."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from shared.domain.execution import AccountEvent, EventType, Execution, RowStatus, as_fill
from shared.domain.ids import RowKey
from shared.domain.journal.performance import DayFigures
from shared.domain.journal.position import Position
from shared.domain.journal.round_trip import RoundTrip, Trips
from shared.domain.journal.trading_day import trading_day
from shared.domain.money import no_digit_lost

_ZERO = Decimal(0)
_INCOME = frozenset({EventType.DIVIDEND, EventType.INTEREST, EventType.FINANCING})


@dataclass(frozen=True, slots=True)
class Book:
    """What follows from the log of one root.

    Shape: `trips` by opening, `positions` by symbol, `days` by day and currency; `unapplied`
    counts booked events that move a position and that this version cannot apply yet.
    """

    trips: tuple[RoundTrip, ...]
    positions: tuple[Position, ...]
    days: tuple[DayFigures, ...]
    unapplied: int


@dataclass(slots=True)
class _Day:
    """Running sums of one day and currency; the names are those of DayFigures."""

    executions: int = 0
    round_trips: int = 0
    wins: int = 0
    losses: int = 0
    won: Decimal = _ZERO
    lost: Decimal = _ZERO
    gross: Decimal = _ZERO
    fees: Decimal = _ZERO
    day_fees: Decimal = _ZERO
    income: Decimal = _ZERO

    def end(self, trip: RoundTrip) -> None:
        self.round_trips += 1
        self.wins += trip.net > 0
        self.losses += trip.net < 0
        self.won += max(trip.net, _ZERO)
        self.lost += max(-trip.net, _ZERO)


class _Books:
    def __init__(self) -> None:
        self.trips: dict[tuple[str, str], Trips] = {}
        self.days: dict[tuple[date, str], _Day] = {}
        self.unapplied = 0

    def day(self, on: date, currency: str) -> _Day:
        return self.days.setdefault((on, currency), _Day())

    def take_execution(self, key: RowKey, fill: Execution) -> None:
        step = self.trips.setdefault((fill.symbol, fill.currency), Trips()).take(key, fill)
        on = trading_day(fill.asset_class, fill.executed_at)
        day = self.day(on, fill.currency)
        day.executions += 1
        day.gross += step.realized
        if step.ended is not None:
            day.end(step.ended)
        for fee in fill.fees:  # a fee in another currency counts in its own
            self.day(on, fee.currency).fees += fee.amount

    def take_event(self, key: RowKey, event: AccountEvent) -> None:
        if event.quantity:
            self._move(key, event)
        elif event.type is EventType.FEE:
            self.day(event.effective_on, event.currency).day_fees -= event.amount
        elif event.type in _INCOME:
            self.day(event.effective_on, event.currency).income += event.amount

    def _move(self, key: RowKey, event: AccountEvent) -> None:
        """Apply an event that moves a position as the fill that it comes to, on its own day."""
        fill = as_fill(event)
        if fill is None:
            self.unapplied += 1
            return
        step = self.trips.setdefault((fill.symbol, fill.currency), Trips()).take(key, fill)
        day = self.day(event.effective_on, event.currency)
        day.gross += step.realized
        if step.ended is not None:
            day.end(step.ended)
        if event.type is EventType.FEE:  # given away at its price: the proceeds are the fee
            day.day_fees -= fill.signed_quantity * fill.price * fill.multiplier


def build_book(root: str, log: Iterable[tuple[RowKey, Execution | AccountEvent]]) -> Book:
    """Compute the journal of one root from its rows, in whatever order they come.

    Shape: rows apply by (instant, key); a busted row stays in the log and counts for nothing.
    """
    ordered = sorted(log, key=lambda entry: (entry[1].occurred_at, entry[0]))
    books = _Books()
    with no_digit_lost():
        for key, row in ordered:
            if row.status is RowStatus.BUSTED:
                continue
            if isinstance(row, Execution):
                books.take_execution(key, row)
            else:
                books.take_event(key, row)
        return _freeze(root, books)


def _freeze(root: str, books: _Books) -> Book:
    trips = [trip for several in books.trips.values() for trip in several.all()]
    held = [several.open.position() for several in books.trips.values() if several.open]
    names = [field.name for field in fields(_Day)]
    days = [
        DayFigures(day=on, root=root, currency=currency, **{n: getattr(day, n) for n in names})
        for (on, currency), day in sorted(books.days.items())
    ]
    trips.sort(key=lambda trip: (trip.opened_at, trip.key))
    held.sort(key=lambda position: (position.symbol, position.currency))
    return Book(tuple(trips), tuple(held), tuple(days), books.unapplied)
