from pathlib import Path

import pytest

from shared.retrieval.evaluation.labelled import (
    LabelledDocument,
    LabelledQuery,
    LabelledSet,
    read_labelled,
)
from shared.retrieval.evaluation.measures import MEASURES
from shared.retrieval.evaluation.run import Evaluation
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_vector_index import MemoryVectorIndex

SLICE = Path(__file__).parents[3] / "fixtures" / "retrieval"
DOCUMENTS = (
    LabelledDocument("d1", "g1", "oil stocks"),
    LabelledDocument("d2", "g2", "oil stocks fell again"),
    LabelledDocument("d3", "g1", "gold"),
)
QUERIES = (
    LabelledQuery("q1", "g1", "oil stocks", plain=True, relevant=frozenset({"d1"})),
    LabelledQuery("q2", "g2", "oil stocks", plain=False, relevant=frozenset({"d2"})),
)


async def measured(labelled: LabelledSet, told=lambda *_: None):
    parts = MemoryVectorIndex(), HashingEmbedder(), ManualClock()
    return await Evaluation(*parts, told=told).run(labelled)


async def test_a_scoped_question_is_asked_within_its_group():
    found = await measured(LabelledSet(DOCUMENTS, QUERIES, {}))
    assert found["scoped"]["all"] == {"n": 2} | dict.fromkeys(MEASURES, 1.0)
    assert found["open"]["all"]["success@1"] == 0.5


async def test_text_is_what_running_text_answers():
    found = await measured(LabelledSet(DOCUMENTS, QUERIES, {}))
    assert [found["open"][which]["n"] for which in ("text", "all")] == [1, 2]


async def test_each_half_is_measured_alone_by_the_same_lines():
    found = await measured(LabelledSet(DOCUMENTS, QUERIES, {}))
    assert set(found["halves"]) == {"dense", "sparse"}
    for half in found["halves"].values():
        assert half["scoped"]["text"]["n"] == 1


async def test_every_bar_says_whether_it_is_met():
    found = await measured(LabelledSet(DOCUMENTS, QUERIES, {}))
    assert {name: bar["met"] for name, bar in found["bars"].items()} == dict.fromkeys(
        found["bars"], True
    )
    assert len(found["bars"]) == 3 + 4


async def test_a_set_without_text_questions_leaves_their_bars_unmet():
    found = await measured(LabelledSet(DOCUMENTS, QUERIES[1:], {}))
    assert found["scoped"]["text"] == {"n": 0} | dict.fromkeys(MEASURES)
    assert found["bars"]["scoped text recall@10"] == {"asked": 0.95, "found": None, "met": False}


async def test_an_empty_set_measures_nothing_and_does_not_fail():
    found = await measured(LabelledSet((), (), {}))
    assert found["latency_ms"] == {"p50": None, "p95": None}


async def test_progress_is_told_to_the_end():
    heard: list[tuple[str, int, int]] = []
    await measured(LabelledSet(DOCUMENTS, QUERIES, {}), lambda *step: heard.append(step))
    assert heard == [("indexing", 3, 3), ("asking", 1, 2), ("asking", 2, 2)]


async def test_the_search_finds_most_of_the_slice_by_its_words():
    found = await measured(read_labelled(SLICE))
    assert found["halves"]["sparse"]["scoped"]["all"]["recall@10"] > 0.85


@pytest.mark.parametrize("k", [2, 60])
async def test_the_constant_of_the_fusion_is_told(k):
    from shared.retrieval.search import SearchConfig

    parts = MemoryVectorIndex(), HashingEmbedder(), ManualClock()
    evaluation = Evaluation(*parts, SearchConfig(rrf_k=k))
    assert (await evaluation.run(LabelledSet(DOCUMENTS, QUERIES, {})))["rrf_k"] == k
