from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from shared.bias.moments import current_occasion
from shared.bias.snapshot import take_snapshot
from shared.domain.bias import Snapshot, Unavailable
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.market.providers import CalendarBody
from shared.market.providers.csv_files import CsvFiles
from shared.market.registry import load_instruments
from tests.markets import FRIDAY_MORNING, FRIDAY_NIGHT, OPEN_13, THURSDAY_EVENING, open_market
from tests.open_market import DATA


async def snapshot(market, symbol: str, at: datetime) -> Snapshot:
    taken = await market.snapshot(symbol, at)
    assert isinstance(taken, Snapshot), taken
    return taken


async def test_thirteen_have_a_snapshot_and_the_others_a_reason():
    market = await open_market()
    taken = {s: await market.snapshot(s, THURSDAY_EVENING) for s in load_instruments()}
    assert [s for s, t in taken.items() if isinstance(t, Snapshot)] == list(OPEN_13)
    reasons = [t.reason for t in taken.values() if isinstance(t, Unavailable)]
    assert len(reasons) == 8
    assert all(len(reason) > 20 for reason in reasons)


async def test_the_same_store_and_instant_give_the_same_hash():
    market = await open_market()
    first = await snapshot(market, "ES", THURSDAY_EVENING)
    assert (await snapshot(market, "ES", THURSDAY_EVENING)).hash == first.hash
    later = await snapshot(market, "ES", THURSDAY_EVENING + timedelta(seconds=1))
    assert later.hash != first.hash


async def test_what_came_later_changes_nothing():
    market = await open_market()
    before = await snapshot(market, "SPY", THURSDAY_EVENING)
    await market.move_to(FRIDAY_NIGHT)
    assert await snapshot(market, "SPY", THURSDAY_EVENING) == before


async def test_a_stand_in_is_named_and_turned_over_where_it_is_quoted_the_other_way():
    market = await open_market()
    es = (await snapshot(market, "ES", THURSDAY_EVENING)).provenance
    assert (es.series, es.proxy_label, es.inverted) == ("SPY", "SPY for ES", False)
    yen = await snapshot(market, "6J", THURSDAY_EVENING)
    spot = await snapshot(market, "USDJPY", THURSDAY_EVENING)
    assert yen.provenance.inverted
    close, price = yen.feature("last_close"), spot.feature("last_close")
    assert close is not None
    assert price is not None
    assert abs(float(close.value or 0) * float(price.value or 0) - 1) < 1e-4


async def test_what_is_missing_is_said():
    market = await open_market()
    assert (await snapshot(market, "SPY", THURSDAY_EVENING)).provenance.missing == (
        "five-minute bars",
        "4 of 7 leaders",
    )


async def test_a_vix_whose_newest_close_was_not_published_is_used_and_its_day_is_said():
    market = await open_market()
    since = FRIDAY_NIGHT - timedelta(days=2)
    friday = await CsvFiles(DATA).fetch("SPY", Timeframe.DAY, since, FRIDAY_NIGHT)
    await market.store.put_series(friday)
    taken = await snapshot(market, "SPY", FRIDAY_NIGHT)
    said = "the newest close of the VIX (this one is of 2020-05-28)"
    assert said in taken.provenance.missing
    vix = taken.feature("vix")
    assert vix is not None
    assert vix.value == 28.59


async def test_the_events_are_those_of_the_session_and_its_currencies():
    market = await open_market()
    spy = await snapshot(market, "SPY", FRIDAY_MORNING)
    assert {event.currency for event in spy.events} == {"USD"}
    assert all(event.at.date() == spy.session for event in spy.events)
    assert any("Powell" in event.title for event in spy.events)


async def test_no_event_shows_a_value_before_its_release():
    market = await open_market()
    await market.move_to(FRIDAY_MORNING)
    spy = await snapshot(market, "SPY", FRIDAY_MORNING)
    assert all(event.actual is None for event in spy.events if event.at > FRIDAY_MORNING)


async def test_prices_that_miss_the_session_before_give_no_bias():
    market = await open_market()
    late = datetime(2020, 5, 29, 21, 5, tzinfo=UTC)  # Friday's bar was not taken in
    taken = await market.snapshot("SPY", late)
    assert isinstance(taken, Unavailable)
    assert "newest daily bar of SPY is of 2020-05-28" in taken.reason
    assert "needs that of 2020-05-29, which closed at" in taken.reason


async def test_a_stand_in_whose_day_still_runs_is_waited_for():
    market = await open_market()
    after_settlement = datetime(2020, 5, 28, 18, 0, tzinfo=UTC)
    taken = await market.snapshot("GC", after_settlement)
    assert isinstance(taken, Unavailable)
    assert "which closes at 2020-05-28T21:00:00Z" in taken.reason


async def test_a_calendar_that_has_grown_old_is_said_and_then_not_used():
    market = await open_market()
    body = await market.store.calendar("official", THURSDAY_EVENING)
    assert body is not None
    for days, missing in ((2, "a fresh economic calendar (this one is 2 days old)"), (8, "8 days")):
        occasion = current_occasion(load_instruments()["SPY"], THURSDAY_EVENING)
        fetched_at = THURSDAY_EVENING - timedelta(days=days)
        old: CalendarBody = replace(body, source=f"old{days}", fetched_at=fetched_at)
        await market.store.put_calendar(old)
        taken = await take_snapshot(
            market.store, occasion, THURSDAY_EVENING, calendar_source=f"old{days}"
        )
        assert isinstance(taken, Snapshot)
        assert any(missing in note for note in taken.provenance.missing)
        assert bool(taken.events) is (days == 2)


async def test_without_any_calendar_the_macro_numbers_say_so():
    market = await open_market()
    occasion = current_occasion(load_instruments()["SPY"], THURSDAY_EVENING)
    taken = await take_snapshot(market.store, occasion, THURSDAY_EVENING, calendar_source="none")
    assert isinstance(taken, Snapshot)
    assert "economic calendar" in taken.provenance.missing
    high = taken.feature("high_today")
    assert high is not None
    assert high.value is None


async def test_hourly_bars_come_from_the_series_of_the_daily_ones():
    market = await open_market()
    assert await market.store.series("SPY", Timeframe.HOUR, THURSDAY_EVENING) is not None
    basis = (await snapshot(market, "ES", THURSDAY_EVENING)).feature("profile_basis")
    assert basis is not None
    assert "hourly" in str(basis.value)


def intraday(symbol, sessions, returns):
    """Five sessions of five-minute bars that end on Thursday."""
    bars, price = [], 100.0
    moves = iter(returns)
    for day in sessions:
        at = datetime(day.year, day.month, day.day, 13, 30, tzinfo=UTC)
        for _ in range(78):
            close = price * (1 + next(moves))
            high, low = max(price, close), min(price, close)
            end = at + timedelta(minutes=5)
            bars.append(Bar(at, end, day, price, high, low, close, 1.0))
            at, price = end, close
    return Series(symbol, Timeframe.FIVE_MINUTES, "invented", "none", tuple(bars))


@pytest.mark.parametrize("symbol", ["SPY", "ES"])
async def test_which_side_moves_first_is_told_from_stored_bars(symbol):
    market = await open_market()
    spy = await market.store.series("SPY", Timeframe.DAY, THURSDAY_EVENING)
    sessions = [bar.session for bar in spy.bars[-5:]]
    moves = np.random.default_rng(3).normal(0, 0.001, 5 * 78)
    await market.store.put_series(intraday("AAPL", sessions, moves.tolist()))
    later = np.concatenate(([0.0], moves[:-1])).tolist()
    await market.store.put_series(intraday("SPY", sessions, later))
    taken = await snapshot(market, symbol, THURSDAY_EVENING)
    assert taken.feature("lead_lag_bars").value == 1
    assert taken.feature("lead_lag_link").value == "leaders lead"
    assert taken.feature("lead_lag_series").value == "SPY"
    assert "five-minute bars" not in taken.provenance.missing


async def test_what_no_short_bars_are_kept_of_lacks_none():
    market = await open_market()
    taken = await snapshot(market, "EURUSD", THURSDAY_EVENING)
    assert "five-minute bars" not in taken.provenance.missing
