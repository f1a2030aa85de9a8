"""Which of several series is used: the first that is up to date, else the newest."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain.market.bars import Series
from shared.domain.market.instrument import PriceSeries
from shared.market.sessions import previous_session, session_for

_GRACE = timedelta(minutes=30)  # what a provider may take to publish a close


def is_current(market: PriceSeries, series: Series, as_of: datetime) -> bool:
    """Tell whether the newest bar is of the newest session that should be there by now.

    Raises: InvalidInput beyond the session table.
    """
    due = previous_session(market, session_for(market, as_of - _GRACE))
    return series.bars[-1].session >= due


def best(market: PriceSeries, found: Sequence[Series], as_of: datetime) -> Series:
    """Choose among series that stand in their order of preference.

    Raises: InvalidInput beyond the session table.
    """
    current = (series for series in found if is_current(market, series, as_of))
    newest = max(found, key=lambda series: series.bars[-1].session)
    return next(current, newest)
