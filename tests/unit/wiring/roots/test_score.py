from datetime import timedelta

import httpx

from shared.adapters.memory_cache import MemoryCache
from shared.analyst.audit.calls import ModelCalls
from shared.config import BiasSettings
from shared.domain.bias import SectionDraft
from shared.market.news import NewsItem, NewsStore
from shared.ports import ModelRequest, Query
from shared.wiring.foundation import Foundation
from shared.wiring.roots.score import build_score
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_chain import MemoryChain
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy

DAY = timedelta(days=1)


async def scored(
    chain: MemoryChain,
    clock: ManualClock,
    documents: MemoryDocuments | None = None,
    settings: BiasSettings | None = None,
) -> httpx.Response:
    base = Foundation(
        documents or MemoryDocuments(),
        MemoryBus(),
        MemorySecrets(),
        clock,
        SeededEntropy(),
        MemoryCache(clock),
    )
    app = build_score(settings=settings or BiasSettings(), foundation=base, chain=chain)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.post("/")


async def test_a_day_without_any_score_has_no_scorecard():
    clock = ManualClock()
    answer = await scored(MemoryChain(clock), clock)
    assert (answer.status_code, answer.json()["scorecard"]) == (200, False)


async def test_nothing_is_scored_while_the_chain_cannot_be_read():
    clock = ManualClock()
    chain = MemoryChain(clock)
    chain.down = True
    assert (await scored(chain, clock)).status_code == 503


async def test_prompts_whose_time_is_over_go_with_the_hour_even_while_the_chain_is_down():
    clock, documents = ManualClock(), MemoryDocuments()
    chain = MemoryChain(clock)
    chain.down = True
    calls = ModelCalls(documents, clock, SeededEntropy(), keep=timedelta(days=30))
    await calls.put("gemini", ModelRequest("s", "p", SectionDraft, 0.2, 512, 10), None, "down")
    clock.advance(timedelta(days=31))
    await scored(chain, clock, documents)
    assert not (await documents.scan(Query("model_calls", (), order_by="expires_us"))).documents


async def test_articles_go_with_the_hour_when_their_days_are_over_even_while_the_chain_is_down():
    clock, documents = ManualClock(), MemoryDocuments()
    chain = MemoryChain(clock)
    chain.down = True
    news = NewsStore(documents, clock, SeededEntropy())
    for number in range(2):  # the second a microsecond after the first
        now = clock.now()
        article = NewsItem(
            id=str(number),
            source="alpaca-news",
            published_at=now,
            updated_at=now,
            headline="Fund flows turn",
            summary="",
            url="",
            symbols=(),
        )
        await news.put([article], now)
        clock.advance(timedelta(microseconds=1))
    clock.advance(9 * DAY - timedelta(microseconds=2))
    await scored(chain, clock, documents, BiasSettings(news_keep_days=9))
    left = await documents.scan(Query("news", (), order_by="fetched_us"))
    assert [document.key.id.split("-")[2] for document in left.documents] == ["1"]
