import json

import pytest
from pydantic import SecretStr

from shared.adapters.memory_cache import MemoryCache
from shared.config import BiasSettings, load
from shared.domain.errors import ConfigError
from shared.wiring.feeds import open_feeds
from shared.wiring.foundation import Foundation
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy


@pytest.fixture
def base():
    clock = ManualClock()
    return Foundation(
        documents=MemoryDocuments(),
        bus=MemoryBus(),
        secrets=MemorySecrets(),
        clock=clock,
        entropy=SeededEntropy(),
        cache=MemoryCache(clock),
    )


async def opened(base, **settings):
    feeds = await open_feeds(BiasSettings(**settings), base)
    await feeds.close()
    return [provider.name for provider in feeds.bars], feeds.calendar


async def test_without_a_key_or_a_folder_nobody_else_is_asked(base):
    assert await opened(base) == ([], None)


async def test_a_key_of_the_environment_is_enough_and_files_come_last(base, tmp_path):
    names, calendar = await opened(
        base,
        databento_key=SecretStr("k"),
        oanda_data_token=SecretStr("t"),
        alpaca_data_key_id="i",
        alpaca_data_secret_key=SecretStr("s"),
        data_dir=tmp_path,
    )
    assert names == ["databento", "oanda", "alpaca", "files"]
    assert calendar.source == "official"


async def test_who_needs_no_key_is_asked_until_that_is_unwanted(base, tmp_path, monkeypatch):
    monkeypatch.delenv("DAYBIAS_CBOE")  # the tests' own, so that none leaves loopback
    assert await opened(base) == (["cboe"], None)
    assert (await opened(base, data_dir=tmp_path))[0] == ["cboe", "files"]
    assert await opened(base, cboe=False) == ([], None)


async def test_a_secret_with_a_value_is_enough(base):
    await base.secrets.add("market-alpaca", json.dumps({"key_id": "i", "secret_key": "s"}).encode())
    await base.secrets.add("market-oanda", b'{"token": "t", "environment": "live"}')
    await base.secrets.add("market-databento", b'{"key": "k"}')
    assert (await opened(base))[0] == ["databento", "oanda", "alpaca"]


@pytest.mark.parametrize("value", [b"a-key-4711", b'{"key_id": "a-key-4711"}', b"[]"])
async def test_a_secret_of_another_shape_is_refused_without_its_value(base, value):
    await base.secrets.add("market-alpaca", value)
    with pytest.raises(ConfigError, match="market-alpaca") as caught:
        await opened(base)
    assert "4711" not in str(caught.value)


async def test_an_oanda_environment_that_does_not_exist_is_refused(base):
    await base.secrets.add("market-oanda", b'{"token": "t", "environment": "demo"}')
    with pytest.raises(ConfigError, match="demo"):
        await opened(base)


async def test_the_feed_is_asked_only_where_it_was_chosen_and_no_files_are(base, tmp_path):
    assert (await opened(base, forexfactory=True))[1].source == "forexfactory"
    assert (await opened(base, forexfactory=True, data_dir=tmp_path))[1].source == "official"
    assert BiasSettings(forexfactory=True).calendar_source == "forexfactory"
    assert BiasSettings(forexfactory=True, data_dir=tmp_path).calendar_source == "official"


def test_half_of_a_key_pair_is_refused(monkeypatch):
    monkeypatch.setenv("DAYBIAS_ALPACA_DATA_KEY_ID", "i")
    with pytest.raises(ConfigError, match="belong together"):
        load(BiasSettings)


def test_the_cloud_asks_the_real_hosts_alone(monkeypatch):
    monkeypatch.setenv("DAYBIAS_PROFILE", "cloud")
    monkeypatch.setenv("DAYBIAS_PROJECT", "p")
    monkeypatch.setenv("DAYBIAS_MARKET_HOSTS", '{"alpaca": "http://localhost"}')
    with pytest.raises(ConfigError, match="local profile only"):
        load(BiasSettings)
