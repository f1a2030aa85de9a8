from datetime import timedelta

from shared.bias.evidence.feeds import Articles, DayStates, Releases
from shared.market.news import NewsItem, NewsStore
from shared.market.providers import CalendarBody
from shared.market.registry import load_instruments
from tests.markets import FRIDAY_NIGHT, THURSDAY_EVENING, open_market
from tests.unit.bias.evidence.test_releases import event

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)


def item(number: int) -> NewsItem:
    at = THURSDAY_EVENING - HOUR
    fields = {
        "source": "alpaca-news",
        "published_at": at,
        "updated_at": at,
        "summary": "",
        "url": "",
    }
    return NewsItem.model_validate(
        fields | {"id": str(number), "headline": f"Story {number}", "symbols": ("SPY",)}
    )


async def read(feed, since, until):
    return [batch async for batch in feed.batches(since, until)]


async def test_articles_come_by_their_fetch_with_the_last_of_before_again():
    market = await open_market()
    store = NewsStore(market.documents, market.clock, market.entropy)
    for n in range(3):
        await store.put([item(n)], THURSDAY_EVENING + n * HOUR)
    (batch,) = await read(
        Articles(store, "alpaca-news"), THURSDAY_EVENING + HOUR, THURSDAY_EVENING + 2 * HOUR
    )
    assert [d.name for d in batch.documents] == ["1", "2"]
    assert batch.until == THURSDAY_EVENING + 2 * HOUR


async def test_a_body_gives_what_the_one_before_it_did_not_tell_wherever_reading_begins():
    market = await open_market()
    bodies = [
        (event(),),
        (event(),),
        (event(actual="-0.8%"), event(title="Retail Sales")),
    ]
    for n, events in enumerate(bodies):
        await market.store.put_calendar(CalendarBody("test", THURSDAY_EVENING + n * HOUR, events))
    feed, until = Releases(market.store, "test"), THURSDAY_EVENING + WEEK
    whole = await read(feed, THURSDAY_EVENING - HOUR, until)
    assert [len(batch.documents) for batch in whole] == [1, 0, 2]
    rest = await read(feed, THURSDAY_EVENING, until)
    assert rest == whole[1:]


async def test_past_days_come_by_the_close_that_followed():
    market = await open_market()
    feed = DayStates(market.store, load_instruments()["SPY"])
    batches = await read(feed, THURSDAY_EVENING - WEEK, THURSDAY_EVENING)
    known = [d.known_at for batch in batches for d in batch.documents]
    assert [at.day for at in known] == [22, 26, 27, 28]
    assert batches[-1].until == known[-1]


async def test_nothing_is_read_while_no_close_has_come():
    store = None  # a read would fail
    feed = DayStates(store, load_instruments()["SPY"])
    close = THURSDAY_EVENING.replace(hour=20, minute=0)
    assert await read(feed, close, THURSDAY_EVENING + 9 * HOUR) == []


async def test_a_day_comes_once_the_next_one_has_closed():
    market = await open_market()
    feed = DayStates(market.store, load_instruments()["SPY"])
    close = (await read(feed, THURSDAY_EVENING - WEEK, THURSDAY_EVENING))[-1].until
    await market.move_to(FRIDAY_NIGHT)
    (after,) = await read(feed, close, FRIDAY_NIGHT)
    assert [d.known_at.day for d in after.documents] == [29]


async def test_an_instrument_without_prices_has_no_days():
    market = await open_market()
    feed = DayStates(market.store, load_instruments()["BTCUSD"])
    assert await read(feed, THURSDAY_EVENING - WEEK, THURSDAY_EVENING) == []
