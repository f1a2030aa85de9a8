from datetime import UTC, datetime, timedelta

import pytest

from shared.bias.evidence.articles import article_document, concerns
from shared.domain.market.instrument import InstrumentClass
from shared.market.news import NewsItem

FETCHED = datetime(2020, 5, 28, 12, 1, tzinfo=UTC)
ITEM = NewsItem(
    id="17",
    source="alpaca-news",
    published_at=FETCHED - timedelta(minutes=9),
    updated_at=FETCHED - timedelta(minutes=5),
    headline="Apple rises",
    summary="Apple rose after results.",
    url="https://news.example/17",
    symbols=("AAPL",),
)


@pytest.mark.parametrize(
    ("symbols", "expected"),
    [
        (("SPY",), ["ES", "SPY"]),
        (("AAPL",), ["ES", "NQ", "YM", "RTY", "SPY", "QQQ"]),
        (("GLD",), ["GC"]),
        (("BTCUSD",), ["BTCUSD"]),
        (("BTC/USD",), []),  # a name that articles do not use
        (("XYZ", ""), []),
        ((), []),
    ],
)
def test_an_article_concerns_the_instruments_whose_prices_it_names(symbols, expected):
    assert [i.symbol for i in concerns(symbols)] == expected


def test_an_article_is_known_from_its_fetch_on():
    document = article_document(ITEM, FETCHED)
    assert (document.known_at, document.happened_at) == (FETCHED, ITEM.updated_at)
    assert (document.title, document.text) == ("Apple rises", "Apple rose after results.")
    assert set(document.classes) == {InstrumentClass.INDEX_FUTURE, InstrumentClass.ETF}


def test_an_article_that_says_to_be_of_tomorrow_happened_when_it_was_fetched():
    late = ITEM.model_copy(update={"updated_at": FETCHED + timedelta(days=1)})
    assert article_document(late, FETCHED).happened_at == FETCHED


def test_an_article_without_a_headline_is_a_document_all_the_same():
    assert article_document(ITEM.model_copy(update={"headline": " "}), FETCHED).title
