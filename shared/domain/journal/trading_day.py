"""Which trading day an instant belongs to, by what was traded."""

from datetime import UTC, date, datetime, time, timedelta

from shared.domain.execution import AssetClass
from shared.domain.time import NEW_YORK

_MONDAY_AFTER = {5: timedelta(days=2), 6: timedelta(days=1)}
# New York wall-clock time from which a fill belongs to the next day: the end of the extended hours
# for shares, the daily break of Globex, the dealing day's end of spot FX and CFDs.
_TURN = {
    AssetClass.EQUITY: time(20),
    AssetClass.OPTION: time(20),
    AssetClass.FUTURE: time(17),
    AssetClass.FX: time(17),
    AssetClass.CFD: time(17),
}


def trading_day(asset_class: AssetClass, at: datetime) -> date:
    """Name the trading day: a Sunday-evening futures fill belongs to Monday, crypto to its UTC day.

    Exchange holidays are not looked at: the day is a bucket for sums, and a fill on a holiday
    (Globex trades on some) keeps its own date.
    """
    if asset_class is AssetClass.CRYPTO:
        return at.astimezone(UTC).date()
    local = at.astimezone(NEW_YORK)
    day = local.date() + timedelta(days=local.time() >= _TURN[asset_class])
    return day + _MONDAY_AFTER.get(day.weekday(), timedelta())
