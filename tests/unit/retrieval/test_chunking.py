import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.retrieval.chunking import chunks, tokens_at_most

REPORTS = Path(__file__).parents[4] / "shared/retrieval"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rates rose. Gold fell.", ("Rates rose.", "Gold fell.")),
        ("Mr. Powell spoke. Gold fell.", ("Mr. Powell spoke.", "Gold fell.")),
        ("The U.S. Treasury sold. Yields rose.", ("The U.S. Treasury sold.", "Yields rose.")),
        ("It rose 3.5 percent. So did oil.", ("It rose 3.5 percent.", "So did oil.")),
        ('"We wait." He left.', ('"We wait."', "He left.")),
    ],
)
def test_a_text_is_cut_between_its_sentences(text, expected):
    assert chunks(text, max(map(tokens_at_most, expected))) == expected


def test_sentences_that_fit_stay_together():
    assert chunks("Rates rose.  Gold\nfell.", 20) == ("Rates rose. Gold fell.",)


def test_a_sentence_that_is_too_long_is_cut_between_words():
    assert chunks("one two three four five", 2) == ("one two", "three four", "five")


def test_a_word_that_is_too_long_is_cut_too():
    assert "".join(chunks("9" * 25, 10)) == "9" * 25


def test_nothing_gives_nothing():
    assert chunks(" \n ", 10) == ()


@given(st.text(max_size=400), st.integers(1, 40))
def test_no_part_is_over_the_limit_and_no_character_is_lost(text, limit):
    parts = chunks(text, limit)
    assert all(part.strip() and tokens_at_most(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_the_count_is_not_under_that_of_the_embedders_tokenizer():
    tokenizers = pytest.importorskip("tokenizers", reason="comes with the offline embedder")
    documents = REPORTS / "dev/documents.jsonl"
    if not documents.exists():
        pytest.skip("the evaluation set of ../shared/retrieval is not here")
    tokenizer = tokenizers.Tokenizer.from_file(str(REPORTS / "minilm_tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    lines = documents.read_text().splitlines()[::20]
    parts = [part for line in lines for part in chunks(json.loads(line)["text"], 250)]
    longest = max(len(tokenizer.encode(part, add_special_tokens=False).ids) for part in parts)
    assert longest <= 254  # and two that mark beginning and end
