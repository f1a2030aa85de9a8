from datetime import timedelta

import pytest

from shared.bias.evidence.feeds import Articles, DayStates, Releases
from shared.bias.evidence.ingestion import Ingestion
from shared.bias.evidence.progress import Progress
from shared.domain.errors import UpstreamUnavailable
from shared.domain.passage import Passage, PassageKind
from shared.market.arrivals import TakenIn
from shared.market.news import NewsItem, NewsStore
from shared.market.registry import load_instruments
from shared.retrieval.shelves import Shelves, collection_of
from tests.markets import THURSDAY_EVENING, Market, open_market
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.memory_vector_index import MemoryVectorIndex

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEEP = timedelta(days=30)
STORY = "shares of the fund rise after a strong report on the services of its largest members"
FIGURES = f"{STORY} and a plan for the coming year that lifts the yearly forecast to 25 per share"
CORRECTED = FIGURES.replace("25", "52")


class Embedder(HashingEmbedder):
    """May be out of reach."""

    error: Exception | None = None

    async def documents(self, texts):
        if self.error is not None:
            raise self.error
        return await super().documents(texts)


class Desk:
    """A market with an index that takes in what comes."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.embedder = Embedder()
        self.index = MemoryVectorIndex()
        self.news = NewsStore(market.documents, market.clock, market.entropy)

    def ingestion(self) -> Ingestion:
        market = self.market
        return Ingestion(
            Shelves(self.index, self.embedder),
            [
                Articles(self.news, "alpaca-news"),
                Releases(market.store, "official"),
                DayStates(market.store, load_instruments()["SPY"]),
            ],
            Progress(market.documents, market.clock, market.entropy, index=self.embedder.model),
            market.clock,
            keep=KEEP,
        )

    async def take_in(self) -> TakenIn:
        """Take in as a refresh does."""
        ingestion = self.ingestion()
        await ingestion.make_ready()
        return await ingestion.take_in()

    async def write(self, number: int, headline: str = "") -> None:
        """Have an article come now."""
        now = self.market.clock.now()
        item = NewsItem(
            id=str(number),
            source="alpaca-news",
            published_at=now,
            updated_at=now,
            headline=headline or f"Story {number}",
            summary="",
            url="",
            symbols=("SPY",),
        )
        await self.news.put([item], now)

    async def passages(self, *kinds: PassageKind) -> dict[str, Passage]:
        points = [
            point
            for kind in kinds or PassageKind
            for point in await self.index.walk(collection_of(kind, self.embedder), limit=9999)
        ]
        return {point.id: Passage.read(point.id, dict(point.payload)) for point in points}

    async def titles(self, kind: PassageKind = PassageKind.NEWS) -> list[str]:
        return sorted(p.title for p in (await self.passages(kind)).values())


@pytest.fixture
async def desk():
    return Desk(await open_market())


async def test_what_has_come_is_found_without_any_time_passing(desk):
    await desk.write(1)
    taken = await desk.take_in()
    assert await desk.titles() == ["Story 1"]
    assert taken.added == len(await desk.passages()) > 1
    assert taken.waiting == ()


async def test_events_and_past_days_are_taken_in_too(desk):
    await desk.take_in()
    assert await desk.titles(PassageKind.EVENTS)
    assert "SPY after the session of Wednesday 2020-05-27" in await desk.titles(PassageKind.STATES)


async def test_a_second_time_brings_and_embeds_nothing(desk):
    await desk.write(1)
    await desk.take_in()
    embedded = desk.embedder.embedded
    assert (await desk.take_in()).added == 0
    assert desk.embedder.embedded == embedded


async def test_what_an_index_that_was_down_missed_is_caught_up(desk):
    await desk.take_in()
    desk.embedder.error = UpstreamUnavailable("down")
    for n in range(5):
        await desk.write(n)
        with pytest.raises(UpstreamUnavailable):
            await desk.take_in()
        desk.market.clock.advance(DAY)
    desk.embedder.error = None
    await desk.take_in()
    assert await desk.titles() == [f"Story {n}" for n in range(5)]


async def test_a_flood_is_taken_in_over_several_refreshes(desk):
    await desk.take_in()
    for n in range(700):
        desk.market.clock.advance(timedelta(seconds=1))
        await desk.write(n)
    first = await desk.take_in()
    assert 400 <= first.added < 600
    assert first.waiting[0].startswith("news alpaca-news: more after 2020-05-28")
    while (await desk.take_in()).added:
        pass
    assert len(await desk.titles()) == 700


async def test_an_article_whose_writing_ended_after_a_later_one_is_taken_in(desk):
    before = desk.market.clock.now()
    desk.market.clock.advance(HOUR / 12)
    await desk.write(1, "Written at once")
    await desk.take_in()
    late = NewsItem(
        id="2",
        source="alpaca-news",
        published_at=before,
        updated_at=before,
        headline="Slowly written",
        summary="",
        url="",
        symbols=("SPY",),
    )
    await desk.news.put([late], before)
    await desk.take_in()
    assert set(await desk.titles()) == {"Written at once", "Slowly written"}


async def test_what_is_too_old_is_looked_for_once_a_day(desk):
    class Counting(MemoryVectorIndex):
        deletions = 0

        async def delete(self, collection, only):
            self.deletions += 1
            await super().delete(collection, only)

    desk.index, seen = Counting(), []
    for _ in range(4):
        await desk.take_in()
        seen.append(desk.index.deletions)
        desk.market.clock.advance(DAY / 2)
    assert seen == [2, 2, 4, 4]  # of news and of events


async def test_a_story_told_again_is_not_taken_in(desk):
    await desk.write(1, STORY)
    await desk.take_in()
    desk.market.clock.advance(HOUR)
    await desk.write(2, f"Update: {STORY}")
    await desk.write(3, "Gold falls")
    await desk.take_in()
    assert await desk.titles() == ["Gold falls", STORY]


async def test_a_corrected_article_is_another_version_beside_the_old_one(desk):
    await desk.write(1, FIGURES)
    await desk.take_in()
    desk.market.clock.advance(HOUR)
    await desk.write(1, CORRECTED)
    await desk.take_in()
    assert await desk.titles() == [FIGURES, CORRECTED]


async def test_what_was_corrected_back_is_a_version_too(desk):
    for headline in (FIGURES, CORRECTED, FIGURES):
        await desk.write(1, headline)
        await desk.take_in()
        desk.market.clock.advance(HOUR)
    assert await desk.titles() == [FIGURES, FIGURES, CORRECTED]


async def test_a_version_that_says_nothing_new_is_not_taken_in(desk):
    for _ in range(3):
        await desk.write(1, STORY)
        desk.market.clock.advance(HOUR)
    await desk.take_in()
    assert await desk.titles() == [STORY]


async def test_of_two_tellings_in_one_refresh_the_first_fetched_stays(desk):
    await desk.write(1, STORY)
    desk.market.clock.advance(HOUR)
    await desk.write(2, f"Update: {STORY}")
    await desk.take_in()
    assert await desk.titles() == [STORY]


async def test_another_embedder_begins_anew(desk):
    taken = await desk.take_in()
    desk.embedder.model = "another-model"
    assert (await desk.take_in()).added == taken.added


async def backfill(desk: Desk, feed: int, since=THURSDAY_EVENING - 20 * DAY):
    ingestion = desk.ingestion()
    batches = ingestion.backfill(ingestion.feeds[feed], since)
    return [shelved.added async for shelved in batches]


async def test_a_backfill_reads_what_was_before_the_first_refresh(desk):
    await desk.take_in()
    before = len(await desk.titles(PassageKind.STATES))
    await backfill(desk, 2)
    assert len(await desk.titles(PassageKind.STATES)) > before + 8


async def test_a_backfill_that_was_cut_goes_on_where_it_was(desk):
    ingestion = desk.ingestion()
    async for shelved in ingestion.backfill(ingestion.feeds[2], THURSDAY_EVENING - 60 * DAY):
        assert shelved.added == 20
        break
    assert desk.embedder.embedded == 20
    rest = await backfill(desk, 2, THURSDAY_EVENING - 60 * DAY)
    assert rest[0] == 0
    assert desk.embedder.embedded == len(await desk.passages()) > 30


async def test_a_backfill_and_a_refresh_give_the_same_passages(desk):
    await desk.take_in()
    live = await desk.passages()
    await backfill(desk, 1)
    await backfill(desk, 2)
    everything = await desk.passages()
    assert live.items() <= everything.items()
    told = {(p.document, p.part, p.text) for p in everything.values()}
    assert len(told) == len(everything)


async def test_texts_of_others_are_forgotten_in_time_and_past_days_are_not(desk):
    await desk.write(1)
    await desk.take_in()
    states = await desk.titles(PassageKind.STATES)
    desk.market.clock.advance(KEEP + DAY)
    await desk.take_in()
    assert await desk.titles() == await desk.titles(PassageKind.EVENTS) == []
    assert set(states) <= set(await desk.titles(PassageKind.STATES))


async def test_what_was_forgotten_is_not_read_back(desk):
    await desk.write(1)
    desk.market.clock.advance(KEEP + DAY)
    assert sum(await backfill(desk, 0)) == 0
