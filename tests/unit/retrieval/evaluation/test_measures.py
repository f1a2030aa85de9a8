from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.retrieval.evaluation.measures import MEASURES, averaged, measure


def test_a_perfect_ranking_is_worth_one_by_every_measure():
    assert measure(["a", "b", "c"], {"a", "b"}) == dict.fromkeys(MEASURES, 1.0)


def test_a_ranking_without_a_relevant_one_is_worth_nothing():
    assert measure(["x", "y"], {"a"}) == dict.fromkeys(MEASURES, 0.0)


def test_every_measure_of_a_middling_ranking():
    found = measure(["x", "a", "y", "z", "u", "v", "b"], {"a", "b", "c"})
    best = 1 + 1 / log2(3) + 1 / log2(4)
    assert found == pytest.approx(
        {
            "recall@10": 2 / 3,
            "nDCG@10": (1 / log2(3) + 1 / log2(8)) / best,
            "success@1": 0.0,
            "success@5": 1.0,
            "success@10": 1.0,
            "mrr": 1 / 2,
        }
    )


def test_what_stands_eleventh_does_not_count():
    assert measure([*"abcdefghij", "right"], {"right"})["recall@10"] == 0.0


def test_more_relevant_ones_than_ranks_can_still_be_ranked_perfectly():
    many = {str(n) for n in range(30)}
    assert measure(sorted(many), many)["nDCG@10"] == pytest.approx(1.0)


@given(st.lists(st.integers(0, 30), unique=True), st.sets(st.integers(0, 30), min_size=1))
def test_every_measure_lies_between_nothing_and_one(ranking, relevant):
    found = measure([str(n) for n in ranking], {str(n) for n in relevant})
    assert all(0 <= value <= 1 + 1e-9 for value in found.values())


def test_an_average_over_no_question_is_none():
    assert averaged([]) == {"n": 0} | dict.fromkeys(MEASURES)
