import uuid
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.bias.evidence.finding import with_evidence
from shared.domain.bias import Snapshot
from shared.domain.errors import StoreUnavailable
from shared.domain.passage import Passage, PassageKind
from shared.market.registry import load_instruments
from shared.retrieval.search import Findings, Found, Search
from shared.retrieval.shelves import Shelves
from tests.markets import AS_OF, small_snapshot
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.memory_vector_index import MemoryVectorIndex

SPY = load_instruments()["SPY"]
HOUR = timedelta(hours=1)


def passage(title: str, kind: PassageKind = PassageKind.NEWS, **changes) -> Passage:
    fields = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {title} {changes}")),
        "kind": kind,
        "document": title,
        "title": title,
        "text": f"{title}, at length.",
        "source": "a source",
        "url": "https://news.example/1",
        "instruments": ("SPY",),
        "currencies": ("USD",),
        "known_at": AS_OF - HOUR,
        "happened_at": AS_OF - 2 * HOUR,
    }
    return Passage.model_validate(fields | changes)


async def given_texts(*passages: Passage, taken: Snapshot | None = None) -> Snapshot:
    return await with_evidence(taken or small_snapshot(), SPY, await searching(*passages))


async def searching(*passages: Passage) -> Search:
    shelves = Shelves(MemoryVectorIndex(), HashingEmbedder())
    await shelves.open()
    await shelves.put(passages)
    return Search(shelves.index, shelves.embedder)


async def titles(*passages: Passage) -> list[str]:
    return [text.title for text in (await given_texts(*passages)).evidence]


async def test_without_an_index_a_snapshot_says_so():
    taken = await with_evidence(small_snapshot(), SPY, None)
    assert taken.evidence == ()
    assert taken.provenance.missing == ("VIX", "news and past days (there is no index of texts)")


async def test_an_index_that_does_not_answer_costs_its_texts_alone():
    class Down(MemoryVectorIndex):
        async def search(self, collection, query):
            raise StoreUnavailable("down")

    index = Down()
    await Shelves(index, HashingEmbedder()).open()
    taken = await with_evidence(small_snapshot(), SPY, Search(index, HashingEmbedder()))
    assert taken.provenance.missing[1:] == ("news and past days (StoreUnavailable of the index)",)
    assert taken.features == small_snapshot().features


async def test_news_releases_and_past_days_come_in_this_order():
    found = await titles(
        passage("a day", PassageKind.STATES),
        passage("USD Chair speaks", PassageKind.EVENTS),
        passage("an article"),
    )
    assert found == ["an article", "USD Chair speaks", "a day"]


async def test_what_is_not_found_is_said_to_be_missing():
    taken = await given_texts()
    assert taken.provenance.missing[1:] == ("news of the last days", "similar past days")
    taken = await given_texts(passage("an article"), passage("a day", PassageKind.STATES))
    assert taken.provenance.missing == ("VIX",)


async def test_an_article_on_another_market_is_not_given():
    assert await titles(passage("on gold", instruments=("GC",))) == []


async def test_releases_of_other_currencies_are_not_given():
    found = await titles(
        passage("JPY Chair speaks", PassageKind.EVENTS, currencies=("JPY",)),
        passage("Chair speaks everywhere", PassageKind.EVENTS, currencies=("All",)),
    )
    assert found == ["Chair speaks everywhere"]


async def test_without_a_release_in_the_session_no_earlier_one_is_given():
    calm = small_snapshot().model_copy(update={"events": ()})
    release = passage("USD Chair speaks", PassageKind.EVENTS)
    assert (await given_texts(release, taken=calm)).evidence == ()


async def test_of_an_article_the_newest_version_that_was_known_is_given():
    first = passage("first", document="17", known_at=AS_OF - 2 * HOUR)
    second = passage("second", document="17", known_at=AS_OF)
    third = passage("third", document="17", known_at=AS_OF + HOUR)
    assert await titles(third, first, second) == ["second"]


async def test_a_story_told_twice_is_given_once():
    story = "shares of the fund rise after a strong report on the services of its members"
    assert len(await titles(passage(story), passage(f"Update: {story}"))) == 1


async def test_alike_days_and_releases_are_not_taken_for_repeats():
    alike = [
        passage(f"SPY Chair speaks, at a time of day and of year, number {n}", kind)
        for kind in (PassageKind.EVENTS, PassageKind.STATES)
        for n in range(3)
    ]
    assert len(await titles(*alike)) == 6


async def test_long_texts_are_cut():
    taken = await given_texts(passage("an article", text="word " * 900))
    assert len(taken.evidence[0].text) <= 420
    assert taken.evidence[0].text.endswith("word…")


@pytest.mark.parametrize("late", ["known_at", "happened_at"])
async def test_a_text_of_after_the_as_of_is_never_given_though_the_index_finds_it(late):
    found = Found(passage("late", **{late: AS_OF + timedelta(microseconds=1)}), 1.0)

    class Careless:
        async def find(self, kind, question, scope):
            return Findings((found,))

    assert (await with_evidence(small_snapshot(), SPY, Careless())).evidence == ()


OFFSETS = st.integers(-400, 400).map(lambda hours: hours * HOUR)
PASSAGES = st.lists(
    st.builds(
        lambda n, kind, known, happened: passage(
            f"Chair speaks {n}", kind, known_at=AS_OF + known, happened_at=AS_OF + happened
        ),
        st.integers(0, 30),
        st.sampled_from(PassageKind),
        OFFSETS,
        OFFSETS,
    ),
    max_size=30,
)


@settings(deadline=None)
@given(PASSAGES)
async def test_nothing_of_after_the_as_of_is_given_whatever_the_index_holds(passages):
    search = await searching(*passages)
    taken = await with_evidence(small_snapshot(), SPY, search)
    assert all(t.known_at <= AS_OF and t.published_at <= AS_OF for t in taken.evidence)
    assert len(taken.evidence) <= 10
    assert (await with_evidence(small_snapshot(), SPY, search)).hash == taken.hash


@settings(deadline=None)
@given(PASSAGES)
async def test_a_text_that_had_happened_and_was_known_is_given_where_there_is_room(passages):
    articles = {p.document: p for p in passages if p.kind is PassageKind.NEWS}
    due = [
        p
        for p in articles.values()
        if p.known_at <= AS_OF and AS_OF - timedelta(days=5) <= p.happened_at <= AS_OF
    ]
    taken = await given_texts(*articles.values())
    assert len(taken.evidence) == min(4, len(due))


async def test_news_keep_the_order_of_the_search():
    class Ordered:
        async def find(self, kind, question, scope):
            texts = [passage(title) for title in ("one", "two", "three", "four")]
            news = kind is PassageKind.NEWS
            return Findings(tuple(Found(text, 0.5) for text in texts) if news else ())

    taken = await with_evidence(small_snapshot(), SPY, Ordered())
    assert [text.title for text in taken.evidence] == ["one", "two", "three", "four"]


async def test_releases_and_days_told_in_equal_words_come_newest_first_whatever_the_engine_says():
    kinds = (PassageKind.EVENTS, PassageKind.STATES)
    texts = [
        passage("Chair speaks", kind, document=f"{n}", happened_at=AS_OF - n * HOUR)
        for kind in kinds
        for n in (3, 1, 2)
    ]

    class Fickle:
        async def find(self, kind, question, scope):
            return Findings(tuple(Found(p, n / 7) for n, p in enumerate(texts) if p.kind is kind))

    given_ = (await with_evidence(small_snapshot(), SPY, Fickle())).evidence
    assert [(AS_OF - text.published_at) // HOUR for text in given_] == [1, 2, 3] * 2
