"""What rows add to trading days; sums, so that any two parts of a log add up to the whole."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal

from shared.domain.journal.performance import DayFigures
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.domain.journal.trips.trips import Step
from shared.domain.money import no_digit_lost

_ZERO = Decimal(0)


@dataclass(slots=True)
class DaySums:
    """Running sums of one day and currency; the names are those of DayFigures."""

    executions: int = 0
    round_trips: int = 0
    wins: int = 0
    losses: int = 0
    left_out: int = 0
    won: Decimal = _ZERO
    lost: Decimal = _ZERO
    gross: Decimal = _ZERO
    fees: Decimal = _ZERO
    day_fees: Decimal = _ZERO
    income: Decimal = _ZERO

    def end(self, trip: RoundTrip) -> None:
        """Count a trip that ended; what the user has excluded is in no figure."""
        net = trip.result
        if net is None:
            self.left_out += not trip.excluded
            return
        self.round_trips += 1
        self.wins += net > 0
        self.losses += net < 0
        self.won += max(net, _ZERO)
        self.lost += max(-net, _ZERO)

    def add(self, other: "DaySums | DayFigures", times: int = 1) -> None:
        """Add what other rows brought, or with -1 take it away."""
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + times * getattr(other, name))


_NAMES = [field.name for field in fields(DaySums)]


class Days:
    """Sums by day and currency."""

    def __init__(self) -> None:
        self.sums: dict[tuple[date, str], DaySums] = {}

    def on(self, day: date, currency: str) -> DaySums:
        """Give the sums of a day and currency, to be added to."""
        return self.sums.setdefault((day, currency), DaySums())

    def count(self, day: date, currency: str, step: Step) -> None:
        """Add what a step brought; a fee in another currency counts in its own."""
        sums = self.on(day, currency)
        sums.gross += step.realized
        for trip in step.ended:
            sums.end(trip)
        for name, amount in step.fees.items():
            self.on(day, name).fees += amount
        for given in step.taken_back:
            earlier = self.on(given.day, given.currency)
            earlier.gross -= given.gross
            earlier.fees -= given.fees

    def add(self, others: "Days", times: int = 1) -> None:
        """Add the sums of other rows, or with -1 take them away."""
        with no_digit_lost():
            for (day, currency), sums in others.sums.items():
                self.on(day, currency).add(sums, times)

    def of(self, day: date) -> "Days":
        """Give the sums of one day alone."""
        chosen = Days()
        chosen.sums = {place: sums for place, sums in self.sums.items() if place[0] == day}
        return chosen

    def figures(self, root: str) -> tuple[DayFigures, ...]:
        """Render the days by day and currency, less those on which all sums are 0."""
        return tuple(
            DayFigures(day=day, root=root, currency=currency, **_values(sums))
            for (day, currency), sums in sorted(self.sums.items())
            if any(_values(sums).values())
        )


def _values(sums: DaySums) -> dict[str, int | Decimal]:
    return {name: getattr(sums, name) for name in _NAMES}
