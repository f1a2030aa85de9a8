"""The trips of one root, fed with moves: opened, enlarged, reduced, turned over, ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared.domain.execution import AssetClass
from shared.domain.futures.rolls import Piece
from shared.domain.ids import RowKey
from shared.domain.journal.lots import CostMethod, Lot, Lots
from shared.domain.journal.moves import Move, Part
from shared.domain.journal.trips.open_trip import Given, OpenTrip, Traded
from shared.domain.journal.trips.round_trip import Direction, RoundTrip

_ZERO = Decimal(0)


@dataclass(slots=True)
class Step:
    """What moves did to the figures of their day: what counts, and the trips that ended.

    Shape: `taken_back` is what trips gave to earlier days that count no more.
    """

    on: date
    taken_back: list[Given] = field(default_factory=list)
    realized: Decimal = _ZERO
    fees: dict[str, Decimal] = field(default_factory=dict)
    ended: list[RoundTrip] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)

    def count(self, fees: Mapping[str, Decimal]) -> None:
        """Count fees, by currency."""
        for currency, amount in fees.items():
            self.fees[currency] = self.fees.get(currency, _ZERO) + amount


@dataclass(slots=True)
class Trips:
    """Open trips by symbol and currency.

    Shape: `opened` gathers until the caller takes it. `set_aside` are rows whose trips the user has
    left out: a row that turns a position over speaks of the trip that it opens.
    """

    method: CostMethod = CostMethod.FIFO
    set_aside: frozenset[RowKey] = frozenset()
    open: dict[tuple[str, str], OpenTrip] = field(default_factory=dict)
    opened: list[RowKey] = field(default_factory=list)

    def held(self, what: Traded) -> Decimal:
        """Tell how many units are held, signed."""
        trip = self.open.get((what.symbol, what.currency))
        return trip.lots.quantity if trip else _ZERO

    def take(self, move: Move, step: Step) -> None:
        """Apply one move; one that turns the position over is split between two trips."""
        held = self.held(move.what)
        if held * move.quantity >= 0:
            self._enlarge(move, step)
        elif abs(move.quantity) <= abs(held):
            self._reduce(move, step)
        else:
            closing, opening = move.split(-held)
            self._reduce(closing, step, turns=True)
            self._enlarge(opening, step)

    def leave(self, move: Move, step: Step) -> Decimal | None:
        """Let units that are held go at their cost, which is returned; nothing is realized."""
        trip = self.open[move.what.symbol, move.what.currency]
        self._note(trip, move, step)
        cost = trip.lots.take(-move.quantity)
        self._close_if_flat(trip, move, step)
        return cost

    def enter(self, move: Move, cost: Decimal | None) -> OpenTrip:
        """Take units in at a signed cost, into the open trip or a new one that the key opens."""
        what = move.what
        trip = self.open.get((what.symbol, what.currency))
        if trip is None:
            trip = OpenTrip(move.key, what, move.at, Lots(self.method), long=move.quantity > 0)
            self.open[what.symbol, what.currency] = trip
            self.opened.append(move.key)
        trip.enlarge(Lot(move.quantity, move.unit, cost))
        return trip

    def rename(self, old: Traded, new: Traded, move: Move, step: Step) -> None:
        """Let an open trip go on under another name, or join the one that is open there."""
        trip = self.open.pop((old.symbol, old.currency))
        there = self.open.get((new.symbol, new.currency))
        if there is None:
            trip.what = new
            trip.note(move.key, move.fees, fill=False)
            self.open[new.symbol, new.currency] = trip
            return
        there.note(move.key, move.fees, fill=False)
        for lot in trip.lots.queue:
            there.enlarge(lot)
        step.ended.append(trip.freeze(move.at, move.by))

    def _enlarge(self, move: Move, step: Step) -> None:
        proceeds = move.proceeds
        trip = self.enter(move, None if proceeds is None else -proceeds)
        self._exclude(trip, move, step)
        self._note(trip, move, step)
        _add_piece(trip, move, step, closes=False)

    def _reduce(self, move: Move, step: Step, *, turns: bool = False) -> None:
        trip = self.open[move.what.symbol, move.what.currency]
        if not turns:
            self._exclude(trip, move, step)
        if move.part is Part.FILL:
            trip.statements.add(move.stated)
        realized = trip.reduce(move.quantity, move.proceeds)
        if not trip.excluded:
            step.realized += realized
            self._give(trip, Given(step.on, move.what.currency, gross=realized))
        self._note(trip, move, step)
        _add_piece(trip, move, step, closes=True)
        self._close_if_flat(trip, move, step)

    def _note(self, trip: OpenTrip, move: Move, step: Step) -> None:
        trip.note(move.key, move.fees, fill=move.part is not Part.EVENT)
        if trip.known and not trip.excluded:
            step.count(move.fees)
            for currency, amount in move.fees.items():
                self._give(trip, Given(step.on, currency, fees=amount))

    def _exclude(self, trip: OpenTrip, move: Move, step: Step) -> None:
        if move.key in self.set_aside and not trip.excluded:
            step.taken_back += trip.exclude()

    def _give(self, trip: OpenTrip, given: Given) -> None:
        if self.set_aside:
            trip.given.append(given)

    def _close_if_flat(self, trip: OpenTrip, move: Move, step: Step) -> None:
        if not trip.lots.quantity:
            del self.open[move.what.symbol, move.what.currency]
            step.ended.append(trip.freeze(move.at, move.by))


def _add_piece(trip: OpenTrip, move: Move, step: Step, *, closes: bool) -> None:
    if move.what.asset_class is not AssetClass.FUTURE or move.part is not Part.FILL:
        return
    month = (move.what.symbol, move.what.currency)
    direction = Direction.LONG if trip.long else Direction.SHORT
    worth = abs(move.proceeds or _ZERO)
    size = (abs(move.quantity), worth, move.what.multiplier)
    step.pieces.append(Piece(trip.key, move.key, *month, direction, closes, *size, move.at))
