import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.retrieval.repeats import is_repeat, likeness, shingles

STORY = (
    "Apple shares rise after the company reports record services revenue and announces a new "
    "buyback of its shares"
)


@pytest.mark.parametrize(
    "again",
    [
        STORY,
        STORY.upper(),
        STORY + ".",
        f"Update: {STORY}",
        STORY.replace("Apple shares rise", "Apple shares rise sharply"),
        STORY.replace("Apple", "Ａｐｐｌｅ"),  # noqa: RUF001 - wide letters are the case
    ],
)
def test_a_story_told_again_is_a_repeat(again):
    assert is_repeat(STORY, again)


@pytest.mark.parametrize(
    "other",
    [
        "",
        "Apple shares fall after the company reports weak iPhone sales in China",
        "The Federal Reserve leaves rates unchanged",
    ],
)
def test_another_story_is_none(other):
    assert not is_repeat(STORY, other)


@given(st.text(max_size=80), st.text(max_size=80))
def test_likeness_has_no_direction_and_stays_between_nothing_and_all(one, other):
    found = likeness(shingles(one), shingles(other))
    assert found == likeness(shingles(other), shingles(one))
    assert 0 <= found <= 1


@given(st.text(max_size=80))
def test_every_text_with_words_repeats_itself(text):
    assert is_repeat(text, text) or not shingles(text)
