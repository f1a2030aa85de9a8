"""All 21 instruments from simulated providers, through the wiring and real sockets."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from infra.simulators.brokers.faults import html_503
from infra.simulators.brokers.http_door import serve
from infra.simulators.market.__main__ import route, worlds
from shared.adapters.memory_cache import MemoryCache
from shared.config import BiasSettings
from shared.domain.market.bars import Timeframe
from shared.market.registry import VIX, load_instruments
from shared.market.store import MarketStore
from shared.wiring.feeds import open_feeds
from shared.wiring.foundation import Foundation
from shared.wiring.roots.market import market_refresh
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

SATURDAY = datetime(2026, 3, 14, 1, 0, tzinfo=UTC)  # after a week in which the clocks changed


@pytest.fixture
def base():
    clock = ManualClock(SATURDAY)
    parts = MemoryDocuments(), MemoryBus(), MemorySecrets(), clock, SeededEntropy()
    return Foundation(*parts, MemoryCache(clock))


@pytest.fixture
def simulated(base):
    return worlds(base.clock.now, days=12)


async def refreshed(base, simulated, **settings):
    with serve(lambda call: route(simulated, call)) as url:
        keys = BiasSettings(
            market_hosts=dict.fromkeys(simulated, url),
            databento_key=SecretStr("db-simulated"),
            oanda_data_token=SecretStr("simulated-token"),
            alpaca_data_key_id="PKSIMULATED",
            alpaca_data_secret_key=SecretStr("simulated-secret"),
            cboe=True,
            forexfactory=True,
        )
        feeds = await open_feeds(keys, base)
        report = await market_refresh(feeds, base, keys).refresh()
        await feeds.close()
    return report


async def answers(base):
    store = MarketStore(base.documents, base.clock, base.entropy)
    found = {}
    for instrument in load_instruments().values():
        source, series = await store.price_series(instrument, Timeframe.DAY, SATURDAY)
        found[instrument.symbol] = (series.provider, source.label, series.bars[-1].session.day)
    return found


async def test_each_of_the_21_has_its_best_source_and_its_newest_close(base, simulated):
    report = await refreshed(base, simulated)
    assert (report.failures, report.missing, report.events) == ([], [], 1)
    found = await answers(base)
    assert {s for s, (provider, *_) in found.items() if provider == "oanda"} == {
        "EURUSD", "GBPUSD", "USDJPY", "XAUUSD",
    }  # fmt: skip
    assert {s for s, (provider, *_) in found.items() if provider == "alpaca"} == {
        "SPY", "QQQ", "BTCUSD",
    }  # fmt: skip
    assert {label for _, label, _ in found.values()} == {None}
    assert {day for *_, day in found.values()} == {13}


async def test_the_vix_comes_from_its_publisher_with_its_newest_close(base, simulated):
    report = await refreshed(base, simulated)
    served = {s.symbol: (s.provider, s.newest_at) for s in report.served if s.timeframe == "1d"}
    assert served[VIX] == ("cboe", datetime(2026, 3, 13, 20, 15, tzinfo=UTC))
    vix = await MarketStore(base.documents, base.clock, base.entropy).series(
        VIX, Timeframe.DAY, SATURDAY
    )
    assert (vix.source, len(vix.bars)) == ("Cboe VIX", 10)


async def test_without_the_vixs_publisher_every_other_series_comes(base, simulated):
    simulated["cboe"].faults.plan(html_503(), times=99)
    report = await refreshed(base, simulated)
    (failure,) = report.failures
    assert failure.startswith("VIX 1d: Cboe: /api/global/")
    assert report.missing == []


async def test_without_the_futures_provider_a_cfd_or_spot_stands_in_and_says_so(base, simulated):
    simulated["databento"].faults.plan(html_503(), times=99)
    report = await refreshed(base, simulated)
    assert len(report.failures) == 1
    found = await answers(base)
    assert found["ES"][:2] == ("oanda", "SPX500_USD CFD for ES")
    assert found["6J"][:2] == ("oanda", "USDJPY (inverted) for 6J")


async def test_with_alpaca_alone_an_etf_stands_in_and_spot_has_nothing(base, simulated):
    for name in ("databento", "oanda"):
        simulated[name].faults.plan(html_503(), times=99)
    report = await refreshed(base, simulated)
    assert report.missing == ["EURUSD", "GBPUSD", "USDJPY", "XAUUSD"]
