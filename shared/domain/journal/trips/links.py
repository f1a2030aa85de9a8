"""The links that rolls make between trips of different contract months."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from shared.domain.futures.rolls import Roll, RollFinder
from shared.domain.ids import RowKey
from shared.domain.journal.trips.open_trip import OpenTrip
from shared.domain.journal.trips.round_trip import RoundTrip


@dataclass(slots=True)
class EndedTrip:
    """The links of a trip that has ended, while more of them may be found."""

    key: RowKey
    rolled_from: list[RowKey] = field(default_factory=list)
    rolled_to: list[RowKey] = field(default_factory=list)


@dataclass(slots=True)
class Links:
    """Legs that may still make rolls, and the ended trips that these may still link."""

    finder: RollFinder = field(default_factory=RollFinder)
    ended: list[EndedTrip] = field(default_factory=list)

    def end(self, trip: RoundTrip) -> None:
        """Go on to link a trip that has ended, as long as a leg of it waits for its other half."""
        if any(leg.trip == trip.key for leg in self.finder.legs):
            links = (list(trip.rolled_from), list(trip.rolled_to))
            self.ended.append(EndedTrip(trip.key, *links))

    def settle(
        self, root: str, now: datetime | None, under_way: Iterable[OpenTrip]
    ) -> list[tuple[Roll, list[EndedTrip]]]:
        """Link the trips of the rolls that nothing after `now` can change; None is the log's end.

        Shape: each roll with those of its trips that had ended before.
        """
        trips: dict[RowKey, OpenTrip | EndedTrip] = {trip.key: trip for trip in self.ended}
        trips |= {trip.key: trip for trip in under_way}
        found = []
        for roll in self.finder.settle(root, now):
            closed, opened = trips[roll.closed.trip], trips[roll.opened.trip]
            _add(closed.rolled_to, opened.key)
            _add(opened.rolled_from, closed.key)
            found.append((roll, [t for t in (closed, opened) if isinstance(t, EndedTrip)]))
        waiting = {leg.trip for leg in self.finder.legs}
        self.ended = [trip for trip in self.ended if trip.key in waiting]
        return found


def _add(keys: list[RowKey], key: RowKey) -> None:
    if key not in keys:
        keys.append(key)
