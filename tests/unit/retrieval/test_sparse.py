import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.retrieval.sparse import document_weights, query_weights, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Crude stocks fell", ["crude", "stock", "fell"]),
        ("Policies, losses and gains", ["policy", "loss", "gain"]),
        ("raising raised raises", ["rais", "rais", "rais"]),
        ("$1,496.5 in 2019", ["1496.5", "2019"]),
        ("CPI 3.1%", ["cpi", "3.1"]),
        ("the of and", []),
        ("ﬁnance inﬂow", ["finance", "inflow"]),
        ("Öl S&P500", ["öl", "s", "p", "500"]),
        ("", []),
    ],
)
def test_a_text_is_cut_into_the_words_that_are_compared(text, expected):
    assert words(text) == expected


def test_a_question_finds_its_number_in_a_table_whatever_its_separators():
    assert set(query_weights("sales of 1496.5")) & set(document_weights("Total | $1,496.5"))


def test_a_word_said_twice_weighs_more_but_not_twice():
    once, twice = document_weights("oil gas"), document_weights("oil oil")
    (word,) = twice
    assert once[word] < twice[word] < 2 * once[word]


def test_a_word_of_a_short_text_weighs_more_than_of_a_long_one():
    (word,) = query_weights("oil")
    assert document_weights("oil")[word] > document_weights("oil " + "other words " * 50)[word]


def test_every_word_of_a_question_counts_once():
    assert set(query_weights("oil oil gas").values()) == {1.0}


@given(st.text())
def test_any_text_has_weights_that_an_index_takes(text):
    weights = document_weights(text)
    assert all(0 <= number < 2**32 and 0 < weight < 2 for number, weight in weights.items())
    assert set(query_weights(text)) == set(weights)
