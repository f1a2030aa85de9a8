"""The journal of one root, row by row: a state that goes on from where it stopped.

Whatever is computed from a log is computed here, so a build from the beginning and one that goes
on from a checkpoint cannot differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from shared.domain.execution import AccountEvent, Execution, RowStatus
from shared.domain.futures.rolls import Roll
from shared.domain.ids import RowKey
from shared.domain.journal.corporate import Entry, joined
from shared.domain.journal.days import Days
from shared.domain.journal.events import Events
from shared.domain.journal.flags import Flags
from shared.domain.journal.lots import CostMethod
from shared.domain.journal.moves import Move, Part, moves_of_fill
from shared.domain.journal.opening import OpeningLot
from shared.domain.journal.position import Position
from shared.domain.journal.trading_day import trading_day
from shared.domain.journal.trips.links import EndedTrip, Links
from shared.domain.journal.trips.open_trip import OpenTrip, Traded
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.domain.journal.trips.trips import Step, Trips
from shared.domain.money import no_digit_lost

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_OFTEN_ENOUGH = timedelta(minutes=5)  # a roll that is settled later is settled alike


@dataclass(frozen=True, slots=True)
class Basis:
    """What a journal follows from besides its log: how cost is counted, what was held before.

    Shape: `excluded` are rows that the user lets count for nothing, as if they had been cancelled;
    `set_aside` are rows whose round trips are shown and left out of all figures.
    """

    method: CostMethod = CostMethod.FIFO
    opening: tuple[OpeningLot, ...] = ()
    excluded: frozenset[RowKey] = frozenset()
    set_aside: frozenset[RowKey] = frozenset()

    @property
    def in_order(self) -> list[OpeningLot]:
        """List the opening lots in the order in which they apply."""
        return sorted(self.opening, key=lambda lot: (lot.held_at, lot.symbol, lot.currency))


@dataclass(slots=True)
class State:
    """Everything that a ledger carries from one row to the next; it survives its own JSON.

    Shape: `open` by symbol and currency; `lots_taken` counts the opening lots applied so far.
    """

    open: list[OpenTrip] = field(default_factory=list)
    lots_taken: int = 0
    flags: Flags = field(default_factory=Flags)
    links: Links = field(default_factory=Links)


class Ledger:
    """Takes the rows of one root in the order of the log, an instant at a time.

    Shape: `days`, `ended`, `rolls` and `relinked` (trips that had ended before a roll of theirs was
    found) gather what rows brought until the caller takes them.
    """

    def __init__(self, root: str, basis: Basis, state: State | None = None) -> None:
        state = state or State()
        self._lots = basis.in_order
        self._lots_taken = state.lots_taken
        self._trips = Trips(basis.method, basis.set_aside)
        self._excluded = basis.excluded
        self._trips.open = {(trip.what.symbol, trip.what.currency): trip for trip in state.open}
        self.flags = state.flags
        self._events = Events(self._trips, self.flags)
        self.root = root
        self.links = state.links
        self.days = Days()
        self.ended: list[RoundTrip] = []
        self.rolls: list[Roll] = []
        self.relinked: dict[RowKey, EndedTrip] = {}
        self._now: datetime | None = None
        self._settled_at: datetime = _LONG_AGO

    def state(self) -> State:
        """Give what the ledger carries on; it is the ledger's own, to be written down at once."""
        if self._now is not None:
            self._settle(self._now)
        trips = [trip for _, trip in sorted(self._trips.open.items())]
        return State(trips, self._lots_taken, self.flags, self.links)

    def take(self, entries: Sequence[Entry]) -> None:
        """Apply all rows of one instant; busted and excluded ones count for nothing."""
        booked = [
            (key, row)
            for key, row in entries
            if row.status is not RowStatus.BUSTED and key not in self._excluded
        ]
        self._now = now = entries[0][1].occurred_at
        with no_digit_lost():
            self._take_lots(now)
            for key, row in joined(booked) if len(booked) > 1 else booked:
                if isinstance(row, Execution):
                    self._take_fill(key, row)
                else:
                    self._take_event(key, row)
            if self.links.finder.legs and now - self._settled_at > _OFTEN_ENOUGH:
                self._settle(now)

    def finish(self) -> None:
        """Apply the opening lots after which no row came, and link what is a roll so far."""
        with no_digit_lost():
            self._take_lots(None)
            self._settle(None)

    def take_opened(self) -> list[RowKey]:
        """Hand over the keys of the trips that were opened since the last call."""
        opened, self._trips.opened = self._trips.opened, []
        return opened

    def take_relinked(self) -> dict[RowKey, EndedTrip]:
        """Hand over the links of ended trips that were found since the last call."""
        relinked, self.relinked = self.relinked, {}
        return relinked

    def linked(self, trip: RoundTrip) -> RoundTrip:
        """Give an ended trip with the links of rolls that were found after its end."""
        links = self.relinked.get(trip.key)
        if links is None:
            return trip
        told = {"rolled_from": tuple(links.rolled_from), "rolled_to": tuple(links.rolled_to)}
        return trip.model_copy(update=told)

    def open_trips(self) -> Iterator[RoundTrip]:
        """Render the trips under way."""
        with no_digit_lost():
            yield from [trip.freeze(None, None) for trip in self._trips.open.values()]

    def positions(self) -> tuple[Position, ...]:
        """Render what is held, by symbol and currency."""
        with no_digit_lost():
            return tuple(trip.position() for _, trip in sorted(self._trips.open.items()))

    def _take_fill(self, key: RowKey, fill: Execution) -> None:
        on = trading_day(fill.asset_class, fill.executed_at)
        step = Step(on)
        what = Traded(fill.symbol, fill.root, fill.asset_class, fill.currency, fill.multiplier)
        for move in moves_of_fill(key, fill, self._trips.held(what)):
            self._trips.take(move, step)
        self.days.on(on, fill.currency).executions += 1
        self._count(on, fill.currency, step)

    def _take_event(self, key: RowKey, event: AccountEvent) -> None:
        step = self._events.take(key, event, self.days)
        self._count(event.effective_on, event.currency, step)

    def _settle(self, now: datetime | None) -> None:
        for roll, ended in self.links.settle(self.root, now, self._trips.open.values()):
            self.rolls.append(roll)
            self.relinked |= {trip.key: trip for trip in ended}
        self._settled_at = now or self._settled_at

    def _count(self, on: date, currency: str, step: Step) -> None:
        self.days.count(on, currency, step)
        for piece in step.pieces:
            self.links.finder.take(piece)
        for trip in step.ended:
            self.links.end(trip)
        self.ended += step.ended

    def _take_lots(self, until: datetime | None) -> None:
        """Apply the opening lots that were held before the rows of an instant."""
        lots = self._lots
        while self._lots_taken < len(lots):
            lot = lots[self._lots_taken]
            if until is not None and lot.held_at > until:
                return
            self._take_lot(lot)
            self._lots_taken += 1

    def _take_lot(self, lot: OpeningLot) -> None:
        what = Traded(lot.symbol, lot.root, lot.asset_class, lot.currency, lot.multiplier)
        held = self._trips.held(what)
        missing = lot.quantity - held
        if not missing:
            return  # the real fills are all here
        if held * missing < 0:
            self.flags.raise_for(lot.key, "fills from before an opening lot hold more than it")
            return
        known = lot.price is not None and not held
        unit = lot.price * lot.multiplier if known and lot.price is not None else None
        move = Move(lot.key, what, lot.held_at, missing, unit, part=Part.EVENT)
        trip = self._trips.enter(move, None if unit is None else missing * unit)
        trip.origin = lot.origin
