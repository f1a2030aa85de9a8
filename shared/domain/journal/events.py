"""Account events, applied: cash, units that come and go, and positions that end."""

from dataclasses import dataclass, replace
from decimal import Decimal

from shared.domain.execution import AccountEvent, EventType
from shared.domain.ids import RowKey
from shared.domain.journal.corporate import take_rename, take_split
from shared.domain.journal.days import Days
from shared.domain.journal.flags import Flags
from shared.domain.journal.moves import ENDINGS, Move, move_of_event
from shared.domain.journal.trips.trips import Step, Trips
from shared.domain.money import decimal_text

_ZERO = Decimal(0)
_INCOME = frozenset(
    {EventType.DIVIDEND, EventType.INTEREST, EventType.FINANCING, EventType.CASH_IN_LIEU}
)
# A rename between two roots: the two rows of it are in books that do not see each other.
_TRANSFERS = frozenset({EventType.TRANSFER, EventType.RENAME})
_COSTS = frozenset({EventType.FEE, EventType.INTEREST, EventType.FINANCING})  # also in units


@dataclass(slots=True)
class Events:
    """What events do to the trips and days of one root."""

    trips: Trips
    flags: Flags

    def take(self, key: RowKey, event: AccountEvent, days: Days) -> Step:
        """Apply one event; cash counts at once, on the day that the event belongs to."""
        step = Step(event.effective_on)
        if event.type is EventType.SPLIT:
            left = take_split(self.trips, self.flags, key, event, step)
            days.on(event.effective_on, event.currency).income += left
        elif event.type is EventType.RENAME and event.new_symbol is not None:
            take_rename(self.trips, self.flags, key, event, step)
            days.on(event.effective_on, event.currency).income += event.amount
        elif event.quantity or event.closes:
            self._move(key, event, days, step)
        else:
            _take_cash(event, days)
        return step

    def _move(self, key: RowKey, event: AccountEvent, days: Days, step: Step) -> None:
        move = move_of_event(key, event, event.quantity or _ZERO)
        if move is None:
            self.flags.raise_for(key, "it does not say what it moves")
        elif event.type in ENDINGS:
            self._end(move, event, step)
        elif event.type in _TRANSFERS:
            self._transfer(move, step)
        elif event.type is EventType.DELIVERY:
            self.trips.take(move, step)
        elif move.quantity > 0 and event.type in _INCOME:
            received = replace(move, cash=None)
            days.on(event.effective_on, event.currency).income -= received.proceeds or _ZERO
            self.trips.take(received, step)
        elif event.type in _COSTS:
            self._cost(move, event, days, step)
        else:
            self.flags.raise_for(key, f"a {event.type} that moves units is not known")

    def _end(self, move: Move, event: AccountEvent, step: Step) -> None:
        """End what is held, and never more of it; which side it is on, it says itself."""
        held = self.trips.held(move.what)
        size = event.closes or abs(move.quantity)
        closing = min(size, abs(held)) * (-1 if held > 0 else 1)
        if not held or closing * move.quantity < 0:
            self.flags.raise_for(move.key, "nothing is known to be held that it could end")
        elif move.proceeds is None:
            self.flags.raise_for(move.key, "it does not say at what price the position ended")
        else:
            self._flag_rest(move, size - abs(closing))
            whole = replace(move, quantity=size.copy_sign(closing))
            known, _ = whole.split(closing)  # what more ended had its part of the cash
            self.trips.take(replace(known, fees=move.fees), step)

    def _transfer(self, move: Move, step: Step) -> None:
        held = self.trips.held(move.what)
        if held * move.quantity > 0 or (not held and move.quantity > 0):
            self.trips.take(move, step)
            return
        leaving = min(abs(held), abs(move.quantity))
        self._flag_rest(move, abs(move.quantity) - leaving)
        if leaving:
            self.trips.leave(replace(move, quantity=leaving.copy_sign(move.quantity)), step)

    def _cost(self, move: Move, event: AccountEvent, days: Days, step: Step) -> None:
        """Give units away as a cost: at their price, without one at what they cost themselves."""
        sums = days.on(event.effective_on, event.currency)
        held = self.trips.held(move.what)
        if move.unit is not None:
            self.trips.take(move, step)
            sums.day_fees += move.proceeds or _ZERO
        elif held * move.quantity < 0 and abs(move.quantity) <= abs(held):
            sums.day_fees += self.trips.leave(move, step) or _ZERO
        else:
            self.flags.raise_for(move.key, "units were taken that are not known to be held")

    def _flag_rest(self, move: Move, rest: Decimal) -> None:
        if rest:
            text = f"{decimal_text(rest)} more than is known to be held went with it"
            self.flags.raise_for(move.key, text)


def _take_cash(event: AccountEvent, days: Days) -> None:
    if event.type is EventType.FEE:
        days.on(event.effective_on, event.currency).day_fees -= event.amount
    elif event.type in _INCOME:
        days.on(event.effective_on, event.currency).income += event.amount
