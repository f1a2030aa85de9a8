"""What round trips ask of bars; where there are none, an excursion is unknown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from shared.domain.execution import AssetClass
from shared.domain.journal.trips.excursion import Excursion, excursion
from shared.domain.journal.trips.round_trip import RoundTrip
from shared.domain.market.bars import Series

_BEHIND = timedelta(days=1)  # so that the bar in which a trip ended has closed


class TripBars(Protocol):
    """Bars of what was traded, as far as they are known."""

    async def bars(self, symbol: str, asset_class: AssetClass, until: datetime) -> Series | None:
        """Give the finest bars that had closed at an instant; never a proxy's.

        Raises: StoreUnavailable.
        """
        ...


class NoTripBars:
    """Knows no bars."""

    async def bars(self, symbol: str, asset_class: AssetClass, until: datetime) -> Series | None:
        """Know none."""
        del symbol, asset_class, until
        return None


async def excursions(trips: Sequence[RoundTrip], source: TripBars) -> list[Excursion | None]:
    """Compute the excursions of a page of trips; the bars of a symbol are read once.

    Shape: in the order of the trips.
    Raises: StoreUnavailable.
    """
    newest: dict[tuple[str, AssetClass], datetime] = {}
    for trip in trips:
        what = (trip.symbol, trip.asset_class)
        until = (trip.closed_at or trip.opened_at) + _BEHIND
        newest[what] = max(newest.get(what, until), until)
    series = {what: await source.bars(*what, until) for what, until in newest.items()}
    found = [series[trip.symbol, trip.asset_class] for trip in trips]
    return [
        None if one is None else excursion(trip, one)
        for trip, one in zip(trips, found, strict=True)
    ]
