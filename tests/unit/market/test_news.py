from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from infra.simulators.brokers.faults import body, html_503, status
from infra.simulators.market.alpaca import AlpacaMarketWorld
from shared.domain.errors import AuthRejected, ContractBroken
from shared.market.news import NewsItem, NewsStore
from shared.market.providers.alpaca_data import AlpacaKeys
from shared.market.providers.alpaca_news import AlpacaNews
from shared.market.refresh import RefreshMarket
from shared.market.store import MarketStore
from tests.market_worlds import asker
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

START = datetime(2020, 5, 29, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT_LEAST = 3 * DAY  # the least that the setting allows
KEYS = AlpacaKeys("PKSIMULATED", SecretStr("simulated-secret"))


def article(number, at, **changes):
    stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": number,
        "headline": f"Headline {number}",
        "author": "A. Writer",
        "created_at": stamp,
        "updated_at": stamp,
        "summary": "",
        "content": "",
        "url": "https://news.example/1",
        "images": [],
        "symbols": ["AAPL"],
        "source": "benzinga",
    } | changes


def item(number):
    at = START - timedelta(hours=1)
    return NewsItem(
        id=str(number),
        source="alpaca-news",
        published_at=at,
        updated_at=at,
        headline="h",
        summary="",
        url="",
        symbols=(),
    )


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def world(clock):
    news = [article(n, START - timedelta(hours=n)) for n in range(1, 6)]
    return AlpacaMarketWorld(now=clock.now, news=news)


@pytest.fixture
def provider(world, clock):
    return AlpacaNews(asker(world, clock), KEYS)


@pytest.fixture
def documents():
    return MemoryDocuments()


@pytest.fixture
def store(documents, clock):
    return NewsStore(documents, clock, SeededEntropy(1))


async def test_pages_are_followed_and_the_oldest_comes_first(provider, world):
    world.largest = 2
    news = await provider.fetch(START - timedelta(days=1), START)
    assert [item.id for item in news.items] == ["5", "4", "3", "2", "1"]
    assert len(world.calls) == 3


async def test_all_shares_are_asked_for_and_no_texts(provider, world):
    await provider.fetch(START - timedelta(days=1), START)
    asked = world.calls[0].query
    assert {"AAPL", "TSLA", "SPY", "BTCUSD"} <= set(asked["symbols"].split(","))
    assert asked["include_content"] == "false"


async def test_a_row_that_is_no_article_is_named_and_the_others_are_kept(provider, world):
    world.news.append(article(9, START - timedelta(hours=1), headline=None))
    news = await provider.fetch(START - timedelta(days=1), START)
    assert len(news.items) == 5
    assert len(news.rejected) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [(status(401), AuthRejected), (status(403), AuthRejected), (body({"news": 1}), ContractBroken)],
)
async def test_what_goes_wrong_is_sorted(provider, world, fault, error):
    world.faults.plan(fault)
    with pytest.raises(error):
        await provider.fetch(START - timedelta(days=1), START)


async def test_an_article_is_kept_once_and_each_of_its_versions(store, provider, world, clock):
    assert (await store.bring(provider, clock.now()))[0] == 5
    assert (await store.bring(provider, clock.now()))[0] == 0
    clock.advance(timedelta(hours=1))
    changed = f"{START:%Y-%m-%dT%H:%M:%SZ}"
    world.news[0] |= {"headline": "Corrected", "updated_at": changed}
    assert (await store.bring(provider, clock.now()))[0] == 1


async def arrived(store, since, until):
    pages = [page async for page in store.arrived("alpaca-news", since, until)]
    return [(at, item.id) for page in pages for at, item in page]


async def test_articles_are_read_in_the_order_in_which_they_were_fetched(
    store, provider, world, clock
):
    await store.bring(provider, clock.now())
    clock.advance(timedelta(hours=1))
    world.news.append(article(7, START - timedelta(minutes=5)))  # written before, told later
    await store.bring(provider, clock.now())
    assert len(await arrived(store, START - timedelta(days=9), START)) == 5
    assert await arrived(store, START + timedelta(minutes=1), clock.now()) == [(clock.now(), "7")]
    assert [at for at, _ in await arrived(store, START, clock.now())] == [START] * 5 + [clock.now()]


async def test_reading_goes_on_over_pages(store, clock):
    await store.put([item(n) for n in range(250)], START)
    assert len({name for _, name in await arrived(store, START, START)}) == 250


async def test_versions_are_forgotten_by_their_fetch_whatever_their_source(store, provider, clock):
    await store.bring(provider, clock.now())
    other = item(1).model_copy(update={"source": "another"})
    await store.put([other, *map(item, range(100, 320))], START)
    await store.put([item(7)], START + timedelta(microseconds=1))
    assert await store.forget(START - timedelta(microseconds=1)) == 0
    assert await store.forget(START) == 226
    assert await arrived(store, START - timedelta(days=9), clock.now() + DAY) == [
        (START + timedelta(microseconds=1), "7")
    ]
    assert await store.forget(START) == 0


async def test_what_was_forgotten_is_not_fetched_again(store, provider, clock):
    await store.bring(provider, clock.now())
    clock.advance(KEPT_LEAST)
    await store.forget(clock.now() - KEPT_LEAST)
    assert (await store.bring(provider, clock.now()))[0] == 0


async def test_news_that_are_down_cost_nothing_else(store, documents, provider, world, clock):
    world.faults.plan(html_503(), times=9)
    market = MarketStore(documents, clock, SeededEntropy(2))
    refresh = RefreshMarket(market, clock, [], None, news=(store, provider))
    report = await refresh.refresh()
    assert [f.partition(":")[0] for f in report.failures] == ["news alpaca-news"]
    world.faults = type(world.faults)()
    assert (await refresh.refresh()).news == 5
