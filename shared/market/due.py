"""Which bars of a series are wanted: whether any can be new, since when, and whether all are."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.domain.market.bars import RESTATED, Bar, Series, Timeframe
from shared.domain.market.instrument import PriceSeries
from shared.market.sessions import (
    next_session,
    previous_session,
    session_close,
    session_for,
    session_open,
)

_OVERLAP = timedelta(days=7)  # late corrections of a provider; merging makes it free
_SHORT_OVERLAP = timedelta(days=1)
_GAPS_WITHIN = timedelta(days=30)


def is_due(market: PriceSeries, timeframe: Timeframe, newest: Bar, now: datetime) -> bool:
    """Tell whether another bar may have closed since; who is paid by the byte is not asked else.

    Raises: InvalidInput beyond the session table.
    """
    if timeframe in (Timeframe.DAY, Timeframe.FIVE_MINUTES):  # no feature reads an open session
        return newest.session < previous_session(market, session_for(market, now))
    opens = session_open(market, session_for(market, newest.closed_at))
    closes = session_close(market, session_for(market, newest.closed_at))
    start = max(newest.closed_at, opens).replace(minute=0, second=0, microsecond=0)
    return min(start + timedelta(hours=1), closes) <= now


def since_when(market: PriceSeries, held: Series, now: datetime) -> datetime:
    """Begin a week before the newest bar, or at the first session of the last month without bars.

    Raises: InvalidInput beyond the session table.
    """
    newest = held.bars[-1]
    known = {bar.session for bar in held.bars if bar.opened_at >= now - _GAPS_WITHIN}
    session = min(known, default=newest.session)
    while session < newest.session and session in known:
        session = next_session(market, session)
    short = held.timeframe is Timeframe.FIVE_MINUTES
    overlap = _SHORT_OVERLAP if short else _OVERLAP
    return min(newest.opened_at - overlap, session_open(market, session))


def is_restated(held: Sequence[Bar], fetched: Sequence[Bar]) -> bool:
    """Tell whether prices that were whole before are others now, as after a split."""
    old = {bar.opened_at: bar.close for bar in held[:-1]}
    pairs = ((old[bar.opened_at], bar.close) for bar in fetched if bar.opened_at in old)
    return any(before > 0 and abs(now / before - 1) > RESTATED for before, now in pairs)
