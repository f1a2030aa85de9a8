"""`daybias retrieval backfill` and `forget` over files of their own, with the bundled model."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.market.news import NewsItem, NewsStore
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

AT = datetime.now(UTC) - timedelta(days=10)
HEADLINES = ("Fund flows turn", "Gold falls on a firm dollar", "Gold falls on a firm dollar!")


async def write(folder):
    documents = SqliteDocuments(folder / "documents.sqlite3")
    store = NewsStore(documents, ManualClock(AT), SeededEntropy(1))
    for n, headline in enumerate(HEADLINES):
        item = NewsItem(
            id=str(n),
            source="alpaca-news",
            published_at=AT,
            updated_at=AT,
            headline=headline,
            summary="",
            url="",
            symbols=("SPY",),
        )
        await store.put([item], AT + n * timedelta(hours=1))
    await documents.close()


@pytest.fixture
def stored(daybias, tmp_path):
    """Three articles, one of them told twice."""
    (tmp_path / "state").mkdir(mode=0o700)
    asyncio.run(write(tmp_path / "state"))
    return partial(daybias, DAYBIAS_LOCAL_RETRIEVAL="true")


def taken_in(result) -> list[str]:
    row = next(line for line in result.output.splitlines() if "news alpaca-news" in line)
    return [cell.strip() for cell in row.split("│")[1:-1]]


def test_what_is_stored_is_taken_in_once_and_again_after_it_was_forgotten(stored):
    assert taken_in(stored("retrieval", "backfill", "--kind", "news")) == [
        *("news alpaca-news", "2", "1")
    ]
    assert taken_in(stored("retrieval", "backfill", "--kind", "news"))[1] == "0"
    assert "forgotten" in stored("retrieval", "forget", "--older-than", "5").output
    assert taken_in(stored("retrieval", "backfill", "--kind", "news"))[1] == "2"


def test_only_what_was_known_since_a_day_is_taken_in(stored):
    since = (AT + timedelta(days=2)).date().isoformat()
    shown = stored("retrieval", "backfill", "--kind", "news", "--since", since)
    assert taken_in(shown) == ["news alpaca-news", "0", "0"]


def test_without_an_index_a_backfill_says_how_to_have_one(daybias):
    refused = daybias("retrieval", "backfill")
    assert refused.exit_code == 1
    assert "DAYBIAS_LOCAL_RETRIEVAL" in refused.output
