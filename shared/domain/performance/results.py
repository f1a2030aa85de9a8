"""What the figures need to know of one closed round trip."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from shared.domain.ids import AccountKey, RowKey
from shared.domain.journal.trips.round_trip import Direction
from shared.domain.money import divide_rounded, no_digit_lost


@dataclass(frozen=True, slots=True)
class Result:
    """A closed round trip that counts, with what was said of it.

    Shape: `on` is the trading day of its last fill; `broker` as accounts name it.
    Units: `net`, `gross`, `fees` and `risk` in `currency`; `net` = gross - fees; `risk` is what was
    planned to be lost at most, None where nothing was planned.
    """

    key: RowKey
    account_key: AccountKey
    broker: str
    root: str
    currency: str
    direction: Direction
    opened_at: datetime
    closed_at: datetime
    on: date
    gross: Decimal
    fees: Decimal
    net: Decimal
    risk: Decimal | None = None
    tags: tuple[str, ...] = ()

    @property
    def r(self) -> Decimal | None:
        """Tell the net result in multiples of the planned risk, rounded to ten places."""
        return None if self.risk is None else divide_rounded(self.net, self.risk)

    @property
    def order(self) -> tuple[datetime, str]:
        """Sort results as they happened; equal instants by key."""
        return self.closed_at, self.key


def planned_risk(
    *,
    risk: Decimal | None,
    stop: Decimal | None,
    entry: Decimal | None,
    quantity: Decimal,
    multiplier: Decimal,
) -> Decimal | None:
    """Tell what was planned to be lost at most: as stated, or from the entry to the stop.

    Units: `quantity` is the most that was held; `entry` its average price. None where nothing was
    planned, the entry is unknown, or the stop is the entry.
    """
    if risk is not None:
        return risk
    if stop is None or entry is None or stop == entry:
        return None
    with no_digit_lost():
        return abs(entry - stop) * quantity * multiplier
