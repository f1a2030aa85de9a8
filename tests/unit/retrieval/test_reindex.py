import asyncio

import pytest

from shared.domain.errors import UpstreamUnavailable
from shared.domain.passage import PassageKind
from shared.ports import VectorPoint
from shared.retrieval.reindex import Reindex
from shared.retrieval.search import Scope, Search
from shared.retrieval.shelves import Shelves, collection_of
from tests.passages import NOON, passage
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.memory_vector_index import MemoryVectorIndex

NEWS = PassageKind.NEWS
OLD, NEW = HashingEmbedder("words-1", 64), HashingEmbedder("words-2", 32)
OLD_NAME, NEW_NAME = (collection_of(NEWS, embedder) for embedder in (OLD, NEW))


@pytest.fixture
async def index():
    made = MemoryVectorIndex()
    shelves = Shelves(made, OLD)
    await shelves.open()
    await shelves.put([passage(n, f"story number {n}") for n in range(1, 151)])
    return made


async def test_the_copy_is_whole_and_the_alias_names_it(index):
    done = await Reindex(Shelves(index, NEW)).run(NEWS)
    assert (done.source, done.target, done.copied) == (OLD_NAME, NEW_NAME, 150)
    assert await index.resolve("news") == NEW_NAME
    assert await index.count(NEW_NAME) == await index.count(OLD_NAME) == 150


async def test_a_second_run_changes_nothing(index):
    await Reindex(Shelves(index, NEW)).run(NEWS)
    assert (await Reindex(Shelves(index, NEW)).run(NEWS)).copied == 0


async def test_a_broken_run_goes_on_where_it_was(index):
    class Breaking(HashingEmbedder):
        async def documents(self, texts):
            if self.embedded > 64:
                raise UpstreamUnavailable("gone")
            return await super().documents(texts)

    with pytest.raises(UpstreamUnavailable):
        await Reindex(Shelves(index, Breaking("words-2", 32))).run(NEWS)
    assert await index.resolve("news") == OLD_NAME
    there = await index.count(NEW_NAME)
    assert there > 0
    assert (await Reindex(Shelves(index, NEW)).run(NEWS)).copied == 150 - there


async def test_everybody_finds_the_passage_while_the_collection_is_moved_and_dropped(index):
    done = asyncio.Event()

    async def read(embedder: HashingEmbedder) -> set[str]:
        search, best = Search(index, embedder), set()
        while not done.is_set():
            findings = await search.find(NEWS, "story number 77", Scope(NOON))
            best.add(findings.found[0].passage.text)
            await asyncio.sleep(0)
        return best

    async def move() -> None:
        await Reindex(Shelves(index, NEW)).run(NEWS, drop=True)
        await asyncio.sleep(0)
        done.set()

    *found, _ = await asyncio.gather(read(OLD), read(NEW), move())
    assert found == [{"story number 77"}] * 2
    assert await index.resolve("news") == NEW_NAME


async def test_what_arrives_in_the_old_collection_meanwhile_is_copied_too(index):
    class Slow(HashingEmbedder):
        async def documents(self, texts):
            if self.embedded:  # in front of what has been walked
                await Shelves(index, OLD).put([passage(0, "late story")])
            return await super().documents(texts)

    done = await Reindex(Shelves(index, Slow("words-2", 32))).run(NEWS)
    assert done.copied == await index.count(NEW_NAME) == 151


async def test_an_unreadable_passage_is_told_and_keeps_the_old_collection(index):
    bad = VectorPoint("ffffffff-0000-0000-0000-000000000000", [1.0] * 64, {}, {"strange": True})
    await index.upsert(OLD_NAME, [bad])
    done = await Reindex(Shelves(index, NEW)).run(NEWS, drop=True)
    assert done.unreadable == (bad.id,)
    assert await index.count(OLD_NAME) == 151


async def test_progress_is_told(index):
    heard: list[int] = []
    await Reindex(Shelves(index, NEW)).run(NEWS, told=heard.append)
    assert heard == [64, 128, 150]


async def test_where_nothing_is_indexed_the_alias_names_the_new_collection():
    index = MemoryVectorIndex()
    assert (await Reindex(Shelves(index, NEW)).run(NEWS)).source is None
    assert await index.resolve("news") == NEW_NAME
