import pytest

from shared.domain.errors import UpstreamUnavailable
from shared.domain.passage import PassageKind
from shared.retrieval.shelves import Shelves, alias_of, collection_of, searchable
from tests.passages import passage
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.memory_vector_index import MemoryVectorIndex

NEWS, EVENTS = PassageKind.NEWS, PassageKind.EVENTS


@pytest.fixture
def embedder():
    return HashingEmbedder()


@pytest.fixture
async def shelves(embedder):
    opened = Shelves(MemoryVectorIndex(), embedder)
    await opened.open()
    return opened


async def count(shelves: Shelves, kind: PassageKind) -> int:
    return await shelves.index.count(collection_of(kind, shelves.embedder))


def test_a_collections_name_tells_what_made_its_vectors(embedder):
    assert collection_of(NEWS, embedder) == "news.words-1.64.words-1"


async def test_every_kind_has_a_collection_that_its_alias_names(shelves):
    named = [await shelves.index.resolve(alias_of(kind)) for kind in PassageKind]
    assert named == [collection_of(kind, shelves.embedder) for kind in PassageKind]


async def test_opening_leaves_an_alias_where_it_points(shelves):
    other = Shelves(shelves.index, HashingEmbedder("words-2", 32))
    await other.open()
    assert await other.index.resolve("news") == collection_of(NEWS, shelves.embedder)


async def test_passages_lie_with_their_kind(shelves):
    await shelves.put([passage(1, "oil"), passage(2, "payrolls", kind=EVENTS)])
    assert [await count(shelves, kind) for kind in PassageKind] == [1, 1, 0]


async def test_a_passage_that_is_there_is_not_embedded_again(shelves, embedder):
    assert await shelves.put([passage(1, "oil"), passage(2, "gas")]) == 2
    assert await shelves.put([passage(2, "gas"), passage(3, "gold")]) == 1
    assert embedder.embedded == 3


async def test_one_given_twice_is_embedded_once(shelves, embedder):
    assert await shelves.put([passage(1, "oil"), passage(1, "oil")]) == 1
    assert embedder.embedded == 1


async def test_a_broken_batch_keeps_the_batches_before_it(shelves, embedder):
    many = [passage(n, f"text {n}") for n in range(1, 101)]

    class Breaking(HashingEmbedder):
        async def documents(self, texts):
            if self.embedded:
                raise UpstreamUnavailable("gone")
            return await super().documents(texts)

    broken = Shelves(shelves.index, Breaking())
    with pytest.raises(UpstreamUnavailable):
        await broken.put(many)
    before = await count(shelves, NEWS)
    assert 0 < before < 100
    assert await shelves.put(many) == 100 - before


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [("Oil", "Stocks fell.", "Oil\nStocks fell."), ("Oil", "Oil fell.", "Oil fell.")],
)
def test_a_passage_is_found_by_its_title_too(title, text, expected):
    assert searchable(passage(1, text, title=title)) == expected
