"""Splits and renames: a position goes on with its cost, in other units or under another name."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from shared.domain.execution import AccountEvent, EventType, Execution, Ratio
from shared.domain.ids import RowKey
from shared.domain.journal.flags import Flags
from shared.domain.journal.lots import scaled
from shared.domain.journal.moves import move_of_event
from shared.domain.journal.trips.trips import Step, Trips

_ZERO = Decimal(0)
_ONE = Decimal(1)
_KINDS = (EventType.SPLIT, EventType.RENAME)

Entry = tuple[RowKey, Execution | AccountEvent]


def joined(entries: Sequence[Entry]) -> list[Entry]:
    """Put the rows of one instant in the order in which they apply.

    Shape: splits and renames first, of which two rows of one action are one; then by key, but
    what ends whatever is held comes last.
    """
    rows, actions = [], dict[tuple[str, str], list[tuple[RowKey, AccountEvent]]]()
    for key, row in sorted(entries, key=lambda entry: entry[0]):
        if isinstance(row, AccountEvent) and row.type in _KINDS and row.action_id is not None:
            actions.setdefault((row.type, row.action_id), []).append((key, row))
        else:
            rows.append((key, row))
    told: list[Entry] = [one for halves in actions.values() for one in _one_action(halves)]
    return sorted(told + rows, key=lambda entry: (_phase(entry[1]), entry[0]))


def _phase(row: Execution | AccountEvent) -> int:
    if isinstance(row, Execution):
        return 1
    if row.type in _KINDS:
        return 0
    return 1 if row.closes is None else 2


def _one_action(halves: list[tuple[RowKey, AccountEvent]]) -> Sequence[Entry]:
    """Make one row of what went out and what came in, where the two are of one root."""
    if len(halves) != 2 or not all(row.quantity for _, row in halves):
        return halves
    (key, out), (_, into) = sorted(halves, key=lambda half: (half[1].quantity or _ZERO, half[0]))
    units = (out.quantity or _ZERO, into.quantity or _ZERO)
    amount = out.amount + into.amount
    if out.symbol == into.symbol:
        return [(key, out.model_copy(update={"quantity": sum(units), "amount": amount}))]
    if out.type is EventType.SPLIT:
        return halves
    told = {
        "quantity": None,
        "amount": amount,
        "ratio": Ratio(new=abs(units[1]), old=abs(units[0])),
        "new_symbol": into.symbol,
        "multiplier": into.multiplier,
    }
    return [(key, out.model_copy(update=told))]


def take_split(trips: Trips, flags: Flags, key: RowKey, event: AccountEvent, step: Step) -> Decimal:
    """Turn what is held into other units of the same cost; return the cash that paid for nothing.

    Shape: where the row says both, the ratio tells what the units become and the quantity what of
    it is still there; the fraction between them is sold for the row's cash.
    """
    move = move_of_event(key, event, event.quantity or _ZERO)
    trip = None if move is None else trips.open.get((move.what.symbol, move.what.currency))
    if move is None or trip is None:
        flags.raise_for(key, "nothing is known to be held that was split")
        return event.amount
    held = trip.lots.quantity
    becomes = held + move.quantity if event.ratio is None else scaled(held, event.ratio)
    kept = held + move.quantity if event.quantity else becomes
    if event.quantity is None and event.amount:
        kept = becomes.to_integral_value(ROUND_DOWN)  # whole units stay, cash is for the rest
    fraction = becomes - kept
    if becomes * held <= 0 or fraction * held < 0 or abs(fraction) >= _ONE:
        flags.raise_for(key, "the units that are known to be held do not become those it tells")
        return event.amount
    trip.scale(event.ratio or Ratio(new=abs(becomes), old=abs(held)))
    trip.what = replace(trip.what, multiplier=event.multiplier)
    trip.note(key, move.fees, fill=False)
    if not fraction:
        return event.amount
    trips.take(replace(move, quantity=-fraction, unit=None, cash=event.amount, fees={}), step)
    return _ZERO


def take_rename(trips: Trips, flags: Flags, key: RowKey, event: AccountEvent, step: Step) -> None:
    """Let what is held go on under its new symbol, where a row tells of one."""
    move, ratio = move_of_event(key, event, _ZERO), event.ratio
    if move is None or event.new_symbol is None:
        flags.raise_for(key, "it does not say what becomes what")
        return
    old, new = move.what, replace(move.what, symbol=event.new_symbol)
    if not trips.held(old) and trips.held(new) and event.ratio is not None:
        old, new = new, old  # of a short position, what comes in is what goes
        ratio = Ratio(new=event.ratio.old, old=event.ratio.new)
    held = trips.held(old)
    if not held or held * trips.held(new) < 0:
        flags.raise_for(key, "nothing is known to be held that could go on under the new name")
        return
    if ratio is not None:
        trips.open[old.symbol, old.currency].scale(ratio)
    trips.rename(old, new, move, step)
