"""Which trade an annotation is of now: corrections move trades, never what was said. Pure."""

from collections.abc import Iterable, Sequence

from shared.domain.annotation import Annotation, Subject
from shared.domain.ids import RowKey
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.journal.annotations.store import Annotated


def of_trips(trips: Sequence[RoundTrip], found: Iterable[Annotated]) -> list[list[Annotation]]:
    """Tell what was said of each trip, oldest anchor first.

    A trip keeps what was said of the row that opens it. Where an older fill came in before that
    row, the row is inside the trip, and so is what was said of it; a row that turned a position
    over speaks of the trip that it opened.
    """
    opened = {trip.key: place for place, trip in enumerate(trips)}
    inside: dict[RowKey, int] = {}
    for place, trip in enumerate(trips):
        for key in trip.row_keys[1:]:
            inside[key] = place
    said: list[list[Annotation]] = [[] for _ in trips]
    for one in found:
        if one.subject is Subject.ROUND_TRIP:
            at = opened.get(one.anchor, inside.get(one.anchor))
            if at is not None:
                said[at].append(one.said)
    return said
