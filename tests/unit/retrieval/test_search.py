from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.errors import ContractBroken, RateLimited
from shared.domain.market.instrument import InstrumentClass
from shared.domain.passage import KEYWORDS, NUMBERS, PassageKind
from shared.ports import VectorPoint
from shared.retrieval.search import Scope, Search, SearchConfig
from shared.retrieval.shelves import Shelves, collection_of
from tests.passages import NOON, passage
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.memory_vector_index import MemoryVectorIndex

NEWS = PassageKind.NEWS
TICK = timedelta(microseconds=1)
NOW = Scope(as_of=NOON)
PASSAGES = [
    passage(1, "crude oil stocks fell", instruments=["CL"], classes=["energy_future"]),
    passage(2, "gold rose as rates fell", instruments=["GC"], currencies=["USD"]),
    passage(3, "crude oil pipeline opens", instruments=["CL", "NG"], known_at=NOON + TICK),
    passage(4, "crude oil in spring", instruments=["CL"], happened_at=NOON - timedelta(days=9)),
]


@pytest.fixture
async def shelves():
    opened = Shelves(MemoryVectorIndex(), HashingEmbedder())
    await opened.open()
    await opened.put(PASSAGES)
    return opened


@pytest.fixture
def search(shelves):
    return Search(shelves.index, shelves.embedder)


async def numbers(search: Search, scope: Scope, question: str = "crude oil stocks") -> list[int]:
    findings = await search.find(NEWS, question, scope)
    assert findings.degraded == ()
    return [PASSAGES.index(one.passage) + 1 for one in findings.found]


async def test_the_best_passage_comes_first_and_whole(search):
    findings = await search.find(NEWS, "crude oil stocks", NOW)
    assert findings.found[0].passage == PASSAGES[0]


async def test_nothing_known_later_than_as_of_is_found(search):
    assert 3 not in await numbers(search, NOW)
    assert 3 in await numbers(search, Scope(as_of=NOON + TICK))
    assert await numbers(search, Scope(as_of=NOON - TICK)) == []


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(NOON + TICK, instruments=("NG",)), {3}),
        (Scope(NOON, instruments=("GC", "CL")), {1, 2, 4}),
        (Scope(NOON, classes=(InstrumentClass.ENERGY_FUTURE,)), {1}),
        (Scope(NOON, currencies=("USD", "EUR")), {2}),
        (Scope(NOON, since=NOON - timedelta(days=1)), {1, 2}),
        (Scope(NOON + TICK, until=NOON - timedelta(days=1)), {4}),
        (Scope(NOON, instruments=("CL",), currencies=("USD",)), set()),
    ],
)
async def test_only_the_scope_is_searched(search, scope, expected):
    assert set(await numbers(search, scope)) == expected


def test_a_scope_names_those_fields_that_every_index_keeps_an_index_of():
    every = InstrumentClass.ENERGY_FUTURE
    scope = Scope(NOON, NOON, NOON, ("CL",), (every,), ("USD",)).filter()
    assert set(scope.any) == set(KEYWORDS)
    assert {*scope.at_most, *scope.at_least} == set(NUMBERS)


async def test_no_more_than_the_limit_is_given(shelves):
    search = Search(shelves.index, shelves.embedder, SearchConfig(limit=1))
    assert len(await numbers(search, NOW)) == 1


@pytest.mark.parametrize("upwards", [True, False])
async def test_of_equal_scores_the_later_comes_first_and_then_the_lesser_id(upwards):
    class Equal(MemoryVectorIndex):
        """Scores all alike but for the last digits, in the order of writing or against it."""

        async def search(self, collection, query):
            found = await super().search(collection, query)
            ids = sorted((hit.id for hit in found), reverse=not upwards)
            hits = {hit.id: hit for hit in found}
            return [replace(hits[one], score=0.5 + n * 1e-9) for n, one in enumerate(ids)]

    shelves = Shelves(Equal(), HashingEmbedder())
    await shelves.open()
    older = NOON - timedelta(hours=1)
    await shelves.put([passage(n, "oil", happened_at=NOON if n > 6 else older) for n in range(12)])
    search = Search(shelves.index, shelves.embedder, SearchConfig(limit=7))
    found = (await search.find(NEWS, "oil", NOW)).found
    assert [int(one.passage.document.split("-")[1]) for one in found] == [7, 8, 9, 10, 11, 0, 1]


async def test_the_constant_of_the_fusion_is_a_setting(shelves):
    best = {}
    for k in (2, 60):
        search = Search(shelves.index, shelves.embedder, SearchConfig(rrf_k=k))
        best[k] = (await search.find(NEWS, "crude oil stocks", NOW)).found[0].score
    assert best == pytest.approx({2: 2 / 2, 60: 2 / 60})


async def test_a_question_that_cannot_be_embedded_is_searched_by_its_words(shelves):
    class Limited(HashingEmbedder):
        async def query(self, text):
            raise RateLimited("gemini: 429")

    findings = await Search(shelves.index, Limited()).find(NEWS, "crude oil stocks", NOW)
    assert findings.found[0].passage == PASSAGES[0]
    assert "by words alone" in findings.degraded[0]
    assert "429" in findings.degraded[0]


async def test_another_models_collection_is_searched_by_words(shelves):
    other = HashingEmbedder("words-2", 32)
    findings = await Search(shelves.index, other).find(NEWS, "crude oil stocks", NOW)
    assert findings.found[0].passage == PASSAGES[0]
    assert "another model" in findings.degraded[0]


async def test_where_nothing_is_indexed_the_findings_say_so():
    findings = await Search(MemoryVectorIndex(), HashingEmbedder()).find(NEWS, "oil", NOW)
    assert (findings.found, len(findings.degraded)) == ((), 1)


async def test_a_payload_that_is_none_of_ours_is_told(shelves):
    name = collection_of(NEWS, shelves.embedder)
    strange = VectorPoint(PASSAGES[0].id, [1.0] * 64, {}, {"known_us": 0, "happened_us": 0})
    await shelves.index.upsert(name, [strange])
    with pytest.raises(ContractBroken, match="none of ours"):
        await Search(shelves.index, shelves.embedder).find(NEWS, "oil", NOW)


async def test_a_collection_that_goes_between_two_calls_is_looked_for_again(shelves):
    class Overtaken(MemoryVectorIndex):
        async def resolve(self, alias):
            named = await super().resolve(alias)
            if named == "old":
                await self.point_alias(alias, collection_of(NEWS, shelves.embedder))
                await self.drop("old")
            return named

    index = Overtaken()
    moved = Shelves(index, shelves.embedder)
    await moved.open()
    await moved.put(PASSAGES)
    await index.ensure("old", 64)
    await index.point_alias("news", "old")
    findings = await Search(index, shelves.embedder).find(NEWS, "crude oil stocks", NOW)
    assert (findings.found[0].passage, findings.degraded) == (PASSAGES[0], ())
