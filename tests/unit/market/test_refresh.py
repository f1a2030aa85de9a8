from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.bars import Timeframe
from shared.domain.errors import ContractBroken, NotFound, UpstreamUnavailable
from shared.market.csv_calendar import CsvCalendar
from shared.market.csv_files import CsvFiles
from shared.market.refresh import RefreshMarket
from shared.market.store import MarketStore
from tests.open_market import DATA, REPLAY, daily_series
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

THURSDAY = datetime(2020, 5, 28, 21, 5, tzinfo=UTC)


class OneSeries:
    """Serves SPY's daily bars, or fails as told."""

    def __init__(self, error=None, rejected=()):
        self.error, self.rejected = error, rejected

    async def fetch(self, symbol, timeframe, since, until):
        if self.error is not None:
            raise self.error
        if (symbol, timeframe) != ("SPY", Timeframe.DAY):
            raise NotFound(symbol)
        return replace(daily_series([1.0] * 5), rejected=self.rejected)


class BrokenCalendar:
    source = "broken"

    async def fetch(self, now):
        raise ContractBroken("not a calendar")


@pytest.fixture
def clock():
    return ManualClock(THURSDAY)


@pytest.fixture
def store(clock):
    return MarketStore(MemoryDocuments(), clock, SeededEntropy(1))


async def test_the_open_data_fill_the_store_and_name_what_they_lack(store, clock):
    report = await RefreshMarket(store, clock, [CsvFiles(DATA)], CsvCalendar(DATA)).refresh()
    assert report.bars > 8000
    assert report.failures == []
    assert report.missing == ["YM", "CL", "NG", "SI", "HG", "ZN", "ZB", "BTCUSD"]
    assert (await store.calendar("official", THURSDAY)).fetched_at == THURSDAY


async def test_a_second_refresh_brings_nothing_new(store, clock):
    refresh = RefreshMarket(store, clock, [CsvFiles(DATA)], CsvCalendar(DATA))
    await refresh.refresh()
    assert (await refresh.refresh()).bars == 0


async def test_a_later_refresh_brings_what_closed_since_then(store, clock):
    refresh = RefreshMarket(store, clock, [CsvFiles(DATA)], None)
    await refresh.refresh()
    clock.advance(timedelta(days=1))
    await refresh.refresh()
    spy = await store.series("SPY", Timeframe.DAY, clock.now())
    assert spy.bars[-1].session.isoformat() == "2020-05-29"


async def test_nothing_after_now_ever_enters_the_store(store, clock):
    await RefreshMarket(store, clock, [CsvFiles(DATA)], None).refresh()
    spy = await store.series("SPY", Timeframe.DAY, REPLAY + timedelta(days=30))
    assert spy.bars[-1].session.isoformat() == "2020-05-28"


async def test_a_provider_that_is_down_leaves_its_place_to_the_next(store, clock):
    providers = [OneSeries(UpstreamUnavailable("down")), OneSeries()]
    report = await RefreshMarket(store, clock, providers, None).refresh()
    assert report.served == [("SPY", "1d")]
    assert "SPY 1d: down" in report.failures


async def test_a_provider_without_a_series_leaves_it_to_the_next(store, clock):
    report = await RefreshMarket(
        store, clock, [OneSeries(NotFound("no")), OneSeries()], None
    ).refresh()
    assert report.served == [("SPY", "1d")]
    assert report.failures == []


async def test_a_calendar_that_does_not_parse_never_replaces_a_good_one(store, clock):
    good = await CsvCalendar(DATA).fetch(THURSDAY)
    await store.put_calendar(replace(good, source="broken"))
    report = await RefreshMarket(store, clock, [OneSeries()], BrokenCalendar()).refresh()
    assert report.failures == ["calendar broken: not a calendar"]
    assert (await store.calendar("broken", REPLAY)).events == good.events


async def test_rows_that_could_not_be_read_are_reported(store, clock):
    report = await RefreshMarket(
        store, clock, [OneSeries(rejected=("SPY.csv:7: bad",))], None
    ).refresh()
    assert report.rejected == ["SPY.csv:7: bad"]
