"""How far the price went against a round trip, and for it, while it lasted (MAE and MFE)."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from shared.domain.journal.trips.round_trip import Direction, RoundTrip
from shared.domain.market.bars import Series, Timeframe
from shared.domain.money import ExactDecimal, no_digit_lost

_ZERO = Decimal(0)


class Excursion(BaseModel):
    """The worst and the best price of a trip, and what they came to from its average entry.

    Shape: as far as whole bars of `timeframe` inside the trip tell, and its own average prices.
    Units: `adverse` and `favorable` money in the trip's currency, both positive or 0, for the most
    that was held.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    worst_price: ExactDecimal
    best_price: ExactDecimal
    adverse: ExactDecimal
    favorable: ExactDecimal
    timeframe: Timeframe
    source: str


def excursion(trip: RoundTrip, series: Series) -> Excursion | None:
    """Compute a closed trip's excursion from bars of what it traded; None where they do not tell.

    Shape: they do not where they do not reach from before the trip to behind it, where no whole bar
    lies in it, and where the trip is open or its cost unknown.
    """
    if trip.closed_at is None or trip.entry_price is None or not series.bars:
        return None
    if series.bars[0].opened_at > trip.opened_at or series.bars[-1].closed_at < trip.closed_at:
        return None
    inside = [
        bar
        for bar in series.bars
        if trip.opened_at <= bar.opened_at and bar.closed_at <= trip.closed_at
    ]
    if not inside:
        return None
    seen = [trip.entry_price] if trip.exit_price is None else [trip.entry_price, trip.exit_price]
    # a bar's float is taken by its shortest text, which is what its source wrote
    low = min(Decimal(str(min(bar.low for bar in inside))), *seen)
    high = max(Decimal(str(max(bar.high for bar in inside))), *seen)
    long = trip.direction is Direction.LONG
    with no_digit_lost():
        units = trip.quantity * trip.multiplier
        down, up = (trip.entry_price - low) * units, (high - trip.entry_price) * units
    return Excursion(
        worst_price=low if long else high,
        best_price=high if long else low,
        adverse=max(down if long else up, _ZERO),
        favorable=max(up if long else down, _ZERO),
        timeframe=series.timeframe,
        source=f"{series.symbol}, {series.source}",
    )
