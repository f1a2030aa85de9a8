from datetime import timedelta

from shared.retrieval.keeping import alike
from shared.retrieval.shelves import Shelves
from tests.passages import NOON, passage
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.memory_vector_index import MemoryVectorIndex

HOUR = timedelta(hours=1)


async def test_only_what_was_known_by_then_and_is_not_older_is_alike():
    shelves = Shelves(MemoryVectorIndex(), HashingEmbedder())
    await shelves.open()
    near = passage(1, "gold fell", happened_at=NOON - HOUR)
    older = passage(2, "gold fell", happened_at=NOON - 2 * HOUR)
    later = passage(3, "gold fell", known_at=NOON + HOUR)
    await shelves.put([near, older, later])
    assert await alike(shelves, passage(4, "gold fell"), NOON - HOUR) == [near]
