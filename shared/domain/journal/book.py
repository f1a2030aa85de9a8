"""The journal of one root in one piece: a pure function of its log, the same from the same rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from shared.domain.futures.rolls import Roll
from shared.domain.journal.corporate import Entry
from shared.domain.journal.flags import Flag
from shared.domain.journal.ledger import Basis, Ledger
from shared.domain.journal.performance import DayFigures
from shared.domain.journal.position import Position
from shared.domain.journal.trips.round_trip import RoundTrip

_DEFAULT = Basis()


@dataclass(frozen=True, slots=True)
class Book:
    """What follows from the log of one root.

    Shape: `trips` by opening, `positions` by symbol, `days` by day and currency, `rolls` oldest
    first; `unapplied` counts what could not be applied in full, the first of which are `flags`.
    """

    trips: tuple[RoundTrip, ...]
    positions: tuple[Position, ...]
    days: tuple[DayFigures, ...]
    rolls: tuple[Roll, ...]
    unapplied: int
    flags: tuple[Flag, ...]


def build_book(root: str, log: Iterable[Entry], basis: Basis = _DEFAULT) -> Book:
    """Compute the journal of one root from its rows, in whatever order they come.

    Shape: rows apply by (instant, key); a busted row stays in the log and counts for nothing.
    """
    ledger = Ledger(root, basis)
    ordered = sorted(log, key=lambda entry: (entry[1].occurred_at, entry[0]))
    for _, entries in groupby(ordered, key=lambda entry: entry[1].occurred_at):
        ledger.take(list(entries))
    ledger.finish()
    trips = [ledger.linked(trip) for trip in (*ledger.ended, *ledger.open_trips())]
    return Book(
        trips=tuple(sorted(trips, key=lambda trip: (trip.opened_at, trip.key))),
        positions=ledger.positions(),
        days=ledger.days.figures(root),
        rolls=tuple(ledger.rolls),
        unapplied=ledger.flags.count,
        flags=tuple(ledger.flags.first),
    )
