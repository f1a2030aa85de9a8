from datetime import timedelta

import pytest

from shared.domain.passage import PassageKind
from shared.retrieval.keeping import alike, forget, lacking
from shared.retrieval.shelves import Shelves
from tests.passages import NOON, passage
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.memory_vector_index import MemoryVectorIndex

HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)


@pytest.fixture
async def shelves():
    opened = Shelves(MemoryVectorIndex(), HashingEmbedder())
    await opened.open()
    return opened


async def test_only_what_was_known_by_then_and_is_not_older_is_alike(shelves):
    near = passage(1, "gold fell", happened_at=NOON - HOUR)
    older = passage(2, "gold fell", happened_at=NOON - 2 * HOUR)
    later = passage(3, "gold fell", known_at=NOON + HOUR)
    await shelves.put([near, older, later])
    assert await alike(shelves, passage(4, "gold fell"), NOON - HOUR) == [near]


async def test_what_is_there_is_not_lacking_and_the_rest_keeps_its_order(shelves):
    passages = [passage(n, f"story {n}") for n in range(4)]
    await shelves.put(passages[1:3])
    assert await lacking(shelves, passages) == [passages[0], passages[3]]


async def test_a_passage_of_one_kind_says_nothing_of_another_kinds(shelves):
    await shelves.put([passage(1, "payrolls")])
    event = passage(1, "payrolls", kind=PassageKind.EVENTS)
    assert await lacking(shelves, [event]) == [event]


async def test_what_was_known_by_then_is_forgotten_and_what_came_a_microsecond_later_is_not(
    shelves,
):
    at_it, after = passage(1, "gold fell"), passage(2, "gold rose", known_at=NOON + TICK)
    other = passage(3, "payrolls", kind=PassageKind.EVENTS)
    await shelves.put([at_it, after, other])
    await forget(shelves, PassageKind.NEWS, NOON)
    assert await lacking(shelves, [at_it, after, other]) == [at_it]
