import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from pydantic import SecretStr

from infra.simulators.brokers.faults import html_503
from infra.simulators.market.alpaca import AlpacaMarketWorld
from infra.simulators.market.databento import Contract, DatabentoWorld
from infra.simulators.market.forexfactory import ForexFactoryWorld
from infra.simulators.market.prints import walk
from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    NotFound,
    StoreUnavailable,
    UpstreamUnavailable,
)
from shared.domain.market.bars import Timeframe
from shared.domain.time import parse_instant
from shared.market.providers.alpaca_data import AlpacaData, AlpacaKeys
from shared.market.providers.csv_calendar import CsvCalendar
from shared.market.providers.csv_files import CsvFiles
from shared.market.providers.databento import Databento
from shared.market.providers.forexfactory import ForexFactory
from shared.market.refresh import RefreshMarket
from shared.market.registry import load_series
from shared.market.store import MarketStore
from tests.market_worlds import asker
from tests.open_market import DATA, REPLAY, daily_series
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

THURSDAY = datetime(2020, 5, 28, 21, 5, tzinfo=UTC)


class OneSeries:
    """Serves SPY's daily bars, or fails as told."""

    lag = timedelta()

    def __init__(self, error=None, rejected=(), name="files"):
        self.error, self.rejected, self.name = error, rejected, name

    def bytes_of(self, symbol, timeframe, since, until):
        return 0

    async def fetch(self, symbol, timeframe, since, until):
        if self.error is not None:
            raise self.error
        if (symbol, timeframe) != ("SPY", Timeframe.DAY):
            raise NotFound(symbol)
        series = daily_series([1.0] * 5)
        return replace(series, rejected=self.rejected, provider=self.name)


class BrokenCalendar:
    source, every = "broken", timedelta()

    async def fetch(self, now, known=None):
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
    providers = [OneSeries(UpstreamUnavailable("down"), name="alpaca"), OneSeries()]
    report = await RefreshMarket(store, clock, providers, None).refresh()
    assert [s[:3] for s in report.served] == [("SPY", "1d", "files")]
    assert len(report.failures) == 1  # who is down is asked no more in this round
    assert report.failures[0].endswith("1d: down")


async def test_a_refused_login_stops_nobody_else(store, clock):
    providers = [OneSeries(AuthRejected("no"), name="alpaca"), OneSeries()]
    report = await RefreshMarket(store, clock, providers, None).refresh()
    assert [s[:3] for s in report.served] == [("SPY", "1d", "files")]
    assert len(report.failures) == 1


async def test_a_series_that_cannot_be_read_costs_that_series_alone(store, clock):
    class Partly(OneSeries):
        async def fetch(self, symbol, timeframe, since, until):
            if symbol == "QQQ":
                raise ContractBroken("not a bar")
            return await super().fetch(symbol, timeframe, since, until)

    report = await RefreshMarket(store, clock, [Partly(name="alpaca")], None).refresh()
    assert [s[:3] for s in report.served] == [("SPY", "1d", "alpaca")]
    assert report.failures == [f"QQQ {t}: not a bar" for t in ("1d", "1h", "4h", "5m")]


async def test_a_store_that_is_down_stops_the_refresh(clock):
    class Down(MarketStore):
        async def put_series(self, series):
            raise StoreUnavailable("down")

    store = Down(MemoryDocuments(), clock, SeededEntropy(1))
    with pytest.raises(StoreUnavailable):
        await RefreshMarket(store, clock, [OneSeries()], None).refresh()


async def test_a_provider_without_a_series_leaves_it_to_the_next(store, clock):
    providers = [OneSeries(NotFound("no"), name="alpaca"), OneSeries()]
    report = await RefreshMarket(store, clock, providers, None).refresh()
    assert [s[:3] for s in report.served] == [("SPY", "1d", "files")]
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


# ---------------------------------------------------------- over the network

SPY = load_series()["SPY"]
FIRST = date(2020, 4, 1)


@pytest.fixture
def world(clock):
    return AlpacaMarketWorld(now=clock.now, prints={"SPY": walk(SPY, FIRST, date(2020, 6, 30))})


@pytest.fixture
def network(store, clock, world):
    keys = AlpacaKeys("PKSIMULATED", SecretStr("simulated-secret"))
    return RefreshMarket(store, clock, [AlpacaData(asker(world, clock), keys)], None)


def asked_for(world, symbol):
    return [c for c in world.calls if c.query.get("symbols") == symbol]


async def test_who_has_told_the_last_close_is_not_asked_before_the_next(network, world, clock):
    await network.refresh()
    first = len(asked_for(world, "SPY"))
    clock.advance(timedelta(minutes=30))
    await network.refresh()
    assert len(asked_for(world, "SPY")) == first
    clock.advance(timedelta(days=1))
    await network.refresh()
    assert len(asked_for(world, "SPY")) == first + 3  # its days, its hours, its five minutes


async def test_a_day_that_was_left_out_is_filled_later(network, world, store, clock):
    hole = date(2020, 5, 6)
    whole = world.prints["SPY"]
    world.prints["SPY"] = [p for p in whole if p.at.date() != hole]
    await network.refresh()
    world.prints["SPY"] = whole
    clock.advance(timedelta(days=1))
    await network.refresh()
    spy = await store.series("SPY", Timeframe.DAY, clock.now())
    assert hole in {b.session for b in spy.bars}


async def test_after_a_split_the_whole_history_is_read_again(network, world, store, clock):
    await network.refresh()
    world.prints["SPY"] = [replace(p, price=p.price / 4) for p in world.prints["SPY"]]
    clock.advance(timedelta(days=1))
    await network.refresh()
    spy = await store.series("SPY", Timeframe.DAY, clock.now())
    assert spy.bars[0].session == FIRST
    assert all(b.close < 50 for b in spy.bars)


# ---------------------------------------------------------------- the calendar


@pytest.fixture
def feed(clock):
    row = {"title": "GDP", "country": "USD", "date": "2020-05-28T08:30:00-04:00", "impact": "High"}
    body = json.dumps([row | {"forecast": "", "previous": ""}]).encode()
    return ForexFactoryWorld(now=clock.now, body=body)


@pytest.fixture
def calendar(store, clock, feed):
    return RefreshMarket(store, clock, [], ForexFactory(asker(feed, clock)))


async def test_the_calendar_is_fetched_once_an_hour_whoever_asks(calendar, feed, clock):
    for _ in range(8):
        await calendar.refresh()
        clock.advance(timedelta(minutes=15))
    assert len(feed.calls) == 2


async def test_a_failed_fetch_waits_for_the_next_hour_too(calendar, feed, clock):
    feed.faults.plan(html_503(), times=9)
    await calendar.refresh()
    clock.advance(timedelta(minutes=15))
    report = await calendar.refresh()
    assert len(feed.calls) == 1
    assert report.failures == []


@pytest.mark.parametrize("bad", [b"", b"<html>Request Denied</html>", b"[]"])
async def test_a_bad_body_leaves_the_good_one_and_its_age(calendar, feed, store, clock, bad):
    await calendar.refresh()
    feed.body = bad
    clock.advance(timedelta(hours=1))
    report = await calendar.refresh()
    assert len(report.failures) == 1
    assert (await store.calendar("forexfactory", clock.now())).fetched_at == THURSDAY
    assert report.events == 1


async def test_a_calendar_older_than_a_day_is_reported(calendar, feed, clock):
    await calendar.refresh()
    feed.faults.plan(html_503(), times=99)
    clock.advance(timedelta(hours=25))
    report = await calendar.refresh()
    assert report.failures[-1] == "calendar forexfactory: the last one is 25 hours old"


async def test_every_body_is_kept_with_its_fetch_time(calendar, feed, store, clock):
    await calendar.refresh()
    feed.body = feed.body.replace(b"GDP", b"GDP q/q")
    clock.advance(timedelta(hours=1))
    await calendar.refresh()
    then = await store.calendar("forexfactory", THURSDAY + timedelta(minutes=59))
    assert then.events[0].title == "GDP"
    assert (await store.calendar("forexfactory", clock.now())).events[0].title == "GDP q/q"


async def test_minutes_behind_a_licences_wall_are_not_paid_for_again_and_again(store, clock):
    first, roots = date(2020, 5, 11), ("ES", "CL")
    chains = {
        root: [Contract(1, first, tuple(walk(load_series()[root], first, date(2020, 5, 29))))]
        for root in roots
    }
    wall = timedelta(hours=8)
    world = DatabentoWorld(now=clock.now, licensed_delay=wall, contracts=chains)
    provider = Databento(asker(world, clock), SecretStr("db-simulated"))
    refresh = RefreshMarket(store, clock, [provider], None, most_bytes=10**10)
    await refresh.refresh()
    assert provider.lag == wall
    world.calls.clear()
    clock.advance(timedelta(minutes=30))  # Thursday has settled, but lies behind the wall
    await refresh.refresh()
    assert [c for c in world.calls if b"CL.v.0" in c.body and b"ohlcv-1m" in c.body] == []
    clock.advance(wall)
    await refresh.refresh()
    crude = await store.series("CL", Timeframe.DAY, clock.now())
    assert crude.bars[-1].session == date(2020, 5, 28)


async def test_who_stands_in_for_whom_is_said(store, clock):
    providers = [OneSeries(UpstreamUnavailable("down"), name="alpaca"), OneSeries()]
    report = await RefreshMarket(store, clock, providers, None).refresh()
    assert report.fallbacks == ["SPY 1d: files in place of alpaca"]


async def test_the_newest_report_is_kept_with_the_age_of_each_series(store, clock):
    refresh = RefreshMarket(store, clock, [OneSeries()], None)
    await refresh.refresh()
    clock.advance(timedelta(hours=1))
    report = await refresh.refresh()
    kept = await store.report()
    assert parse_instant(kept["at"]) == clock.now()
    (served,) = kept["served"]
    assert served[:3] == ["SPY", "1d", "files"]
    assert parse_instant(served[3]) == report.served[0].newest_at


# ------------------------------------------------------------ what is billed


@pytest.fixture
def crude(clock):
    first = date(2020, 3, 2)
    walked = tuple(walk(load_series()["CL"], first, date(2020, 5, 29)))
    return DatabentoWorld(now=clock.now, contracts={"CL": [Contract(1, first, walked)]})


def billed(world, clock, store, most):
    provider = Databento(asker(world, clock), SecretStr("db-simulated"))
    return RefreshMarket(store, clock, [provider], None, most_bytes=most)


def minutes_asked(world):
    return [c for c in world.calls if b"CL.v.0" in c.body and b"ohlcv-1m" in c.body]


async def test_minutes_are_fetched_as_far_back_as_a_refresh_may_be_billed_for(crude, clock, store):
    report = await billed(crude, clock, store, 90_000_000).refresh()
    assert 8_000_000 < report.billed["databento"] <= 90_000_000
    days = await store.series("CL", Timeframe.DAY, clock.now())
    assert date(2020, 3, 20) < days.bars[0].session < date(2020, 5, 10)
    assert days.bars[-1].session == date(2020, 5, 28)
    assert any(text.startswith("CL 1d: what is before 2020-0") for text in report.postponed)


async def test_later_refreshes_go_on_with_a_history_that_was_cut(crude, clock, store):
    await billed(crude, clock, store, 90_000_000).refresh()
    first = (await store.series("CL", Timeframe.DAY, clock.now())).bars[0].session
    report = await billed(crude, clock, store, 90_000_000).refresh()
    days = await store.series("CL", Timeframe.DAY, clock.now())
    assert days.bars[0].session < first - timedelta(days=10)
    sessions = [bar.session for bar in days.bars]
    assert len(sessions) == len(set(sessions))
    assert max(b - a for a, b in pairwise(sessions)) <= timedelta(days=5)
    assert report.billed["databento"] <= 90_000_000


async def test_a_history_that_is_whole_is_not_asked_for_again(crude, clock, store):
    await billed(crude, clock, store, 10**10).refresh()
    crude.calls.clear()
    report = await billed(crude, clock, store, 10**10).refresh()
    assert (minutes_asked(crude), report.postponed) == ([], [])


async def test_without_a_budget_nothing_is_billed_and_all_of_it_is_said(crude, clock, store):
    report = await billed(crude, clock, store, 0).refresh()
    assert (crude.calls, report.billed) == ([], {})
    assert any(text.startswith("CL 1d: all of it, at databento") for text in report.postponed)
