from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.market.bars import Bar, Series, Timeframe
from shared.domain.market.events import CalendarEvent, Impact
from shared.market.providers import CalendarBody
from shared.market.registry import load_instruments
from shared.market.store import MarketStore
from shared.ports import Key
from tests.open_market import REPLAY, daily_series, open_series
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy


@pytest.fixture
def documents():
    return MemoryDocuments()


@pytest.fixture
def store(documents):
    return MarketStore(documents, ManualClock(REPLAY), SeededEntropy(1))


async def test_stored_bars_come_back_to_the_last_bit(store):
    series = open_series("EURUSD")
    wanted = replace(series, bars=series.bars[-500:], rejected=())
    await store.put_series(wanted)
    read = await store.series("EURUSD", Timeframe.DAY, wanted.bars[-1].closed_at)
    assert read == wanted


async def test_the_same_bars_again_write_nothing(store, documents):
    series = daily_series([10.0] * 30)
    assert await store.put_series(series) == 30
    key = Key("series", ("SPY-1d-2020-files",))
    (before,) = await documents.get_many([key])
    assert await store.put_series(series) == 0
    (after,) = await documents.get_many([key])
    assert after.version == before.version


async def test_a_corrected_bar_replaces_the_old_one_and_counts_as_changed(store):
    series = daily_series([10.0, 11.0, 12.0])
    await store.put_series(series)
    fixed = replace(series.bars[1], volume=5.0)
    assert await store.put_series(replace(series, bars=(fixed,))) == 1
    read = await store.series("SPY", Timeframe.DAY, REPLAY)
    assert [b.volume for b in read.bars] == [1000.0, 5.0, 1000.0]


async def test_a_reader_in_the_past_sees_only_what_had_closed(store):
    series = daily_series([10.0, 11.0, 12.0])
    await store.put_series(series)
    moment = series.bars[2].closed_at - timedelta(seconds=1)
    read = await store.series("SPY", Timeframe.DAY, moment)
    assert [b.close for b in read.bars] == [10.0, 11.0]


async def test_before_the_first_close_there_is_no_series(store):
    series = daily_series([10.0])
    await store.put_series(series)
    early = series.bars[0].closed_at - timedelta(seconds=1)
    assert await store.series("SPY", Timeframe.DAY, early) is None


async def test_a_series_spans_the_turn_of_the_year(store):
    await store.put_series(daily_series([1.0] * 10, start=date(2019, 12, 26)))
    read = await store.series("SPY", Timeframe.DAY, REPLAY)
    assert len(read.bars) == 10


async def test_hours_are_kept_by_month_and_read_together(store):
    series = open_series("GBPUSD", Timeframe.HOUR)
    await store.put_series(series)
    read = await store.series("GBPUSD", Timeframe.HOUR, REPLAY)
    assert len({b.session for b in read.bars}) > 40
    assert read.bars[-1].closed_at <= REPLAY


async def test_a_future_falls_back_to_its_proxy_and_says_which(store):
    await store.put_series(daily_series([300.0] * 3))
    source, series = await store.price_series(load_instruments()["ES"], Timeframe.DAY, REPLAY)
    assert source.label == "SPY for ES"
    assert series.symbol == "SPY"


async def test_a_futures_own_bars_come_before_its_proxys(store):
    await store.put_series(daily_series([300.0] * 3))
    await store.put_series(replace(daily_series([3000.0] * 3), symbol="ES"))
    source, series = await store.price_series(load_instruments()["ES"], Timeframe.DAY, REPLAY)
    assert (source.label, series.bars[-1].close) == (None, 3000.0)


async def test_the_yen_future_reads_dollar_yen_upside_down(store):
    await store.put_series(replace(daily_series([100.0] * 3), symbol="USDJPY"))
    source, series = await store.price_series(load_instruments()["6J"], Timeframe.DAY, REPLAY)
    assert source.inverted
    assert series.bars[-1].close == pytest.approx(0.01)


async def test_an_instrument_without_any_bars_has_no_series(store):
    assert await store.price_series(load_instruments()["CL"], Timeframe.DAY, REPLAY) is None


def body(at, title):
    event = CalendarEvent(at=REPLAY, currency="USD", impact=Impact.HIGH, title=title, source="x")
    return CalendarBody("official", at, (event,))


async def test_the_newest_body_fetched_by_then_is_the_one_that_was_known(store):
    first, second = body(REPLAY, "old"), body(REPLAY + timedelta(hours=1), "new")
    await store.put_calendar(second)
    await store.put_calendar(first)
    assert await store.calendar("official", REPLAY + timedelta(minutes=59)) == first
    assert await store.calendar("official", REPLAY + timedelta(hours=1)) == second
    assert await store.calendar("official", REPLAY - timedelta(seconds=1)) is None


async def test_a_body_of_the_same_instant_is_kept_once(store):
    await store.put_calendar(body(REPLAY, "first"))
    await store.put_calendar(body(REPLAY, "second"))
    assert (await store.calendar("official", REPLAY)).events[0].title == "first"


def from_alpaca(series):
    return replace(series, provider="alpaca", source="Alpaca SPY")


async def test_bars_of_two_providers_are_never_mixed(store):
    await store.put_series(daily_series([1.0, 2.0, 3.0]))
    await store.put_series(from_alpaca(daily_series([10.0, 20.0, 30.0])))
    read = await store.series("SPY", Timeframe.DAY, REPLAY)
    assert [b.close for b in read.bars] == [10.0, 20.0, 30.0]
    assert (read.provider, read.source) == ("alpaca", "Alpaca SPY")


async def test_a_provider_that_fell_behind_gives_its_place_to_the_newest(store):
    await store.put_series(from_alpaca(daily_series([1.0, 2.0])))
    await store.put_series(daily_series([1.0, 2.0, 3.0]))
    assert (await store.series("SPY", Timeframe.DAY, REPLAY)).provider == "files"


async def test_a_preferred_provider_that_is_up_to_date_stands_before_a_newer_one(store):
    days = daily_series([1.0, 2.0, 3.0])  # until Wednesday
    await store.put_series(from_alpaca(replace(days, bars=days.bars[:2])))
    await store.put_series(days)
    just_closed = days.bars[2].closed_at + timedelta(minutes=20)  # Alpaca has not told it yet
    assert (await store.series("SPY", Timeframe.DAY, just_closed)).provider == "alpaca"
    later = just_closed + timedelta(minutes=20)
    assert (await store.series("SPY", Timeframe.DAY, later)).provider == "files"


async def test_a_proxy_that_is_up_to_date_stands_before_a_future_that_is_not(store):
    days = daily_series([300.0] * 3)
    await store.put_series(days)
    await store.put_series(replace(days, symbol="ES", bars=days.bars[:1], provider="databento"))
    at = days.bars[-1].closed_at + timedelta(hours=1)
    source, _ = await store.price_series(load_instruments()["ES"], Timeframe.DAY, at)
    assert source.label == "SPY for ES"


async def test_rolls_are_kept_as_they_were_and_adjusted_when_they_are_read(store):
    days = daily_series([10.0, 20.0, 20.0])
    rolled = replace(days.bars[1], rolled=2.0)
    bars = (days.bars[0], rolled, days.bars[2])
    await store.put_series(replace(days, symbol="ES", bars=bars, provider="databento"))
    read = await store.series("ES", Timeframe.DAY, REPLAY)
    assert [b.close for b in read.bars] == [20.0, 20.0, 20.0]
    before = await store.series("ES", Timeframe.DAY, days.bars[0].closed_at)
    assert [b.close for b in before.bars] == [10.0]
    held = await store.held("ES", Timeframe.DAY, "databento", REPLAY)
    assert held.bars == bars


async def test_bodies_are_read_in_the_order_of_their_fetches(store):
    times = [REPLAY + timedelta(hours=n) for n in range(30)]
    for at in reversed(times):
        await store.put_calendar(body(at, f"at {at}"))
    found = [one async for one in store.calendars("official", times[2], times[28])]
    assert [one.fetched_at for one in found] == times[2:29]


def five_minutes(days):
    bars = []
    for number in range(days):
        at = datetime(2020, 3, 2, 13, 30, tzinfo=UTC) + timedelta(days=number)
        step = timedelta(minutes=5)
        bars += [
            Bar(at + n * step, at + (n + 1) * step, at.date(), 1.0, 1.0, 1.0, 1.0, 1.0)
            for n in range(3)
        ]
    return Series("SPY", Timeframe.FIVE_MINUTES, "invented", "none", tuple(bars))


async def test_bars_of_five_minutes_are_read_with_the_week_before(store):
    series = five_minutes(28)
    await store.put_series(series)
    read = await store.series("SPY", Timeframe.FIVE_MINUTES, series.bars[-1].closed_at)
    assert read.bars[-1] == series.bars[-1]
    assert {b.session for b in read.bars} >= {b.session for b in series.bars[-21:]}


async def test_weeks_of_five_minutes_are_dropped_after_a_month(store, documents):
    for week in range(10):
        every = five_minutes(70).bars[week * 21 : week * 21 + 21]
        await store.put_series(replace(five_minutes(70), bars=every))
    keys = [Key("series", (f"SPY-5m-2020-W{week:02d}-files",)) for week in range(10, 20)]
    found = await documents.get_many(keys)
    assert [key.id[7:15] for key, doc in zip(keys, found, strict=True) if doc] == [
        f"2020-W{week}" for week in range(16, 20)
    ]
