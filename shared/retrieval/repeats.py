"""Tells one story told twice: by the share of word triples that two texts have in common."""

import re
import unicodedata

_WORD = re.compile(r"\w+")
_WORDS = 3  # in a row
SAME_STORY = 0.7


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Return the word triples of a text, case, marks and forms of letters left aside."""
    words = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    rows = range(max(1, len(words) - _WORDS + 1))
    return frozenset(tuple(words[i : i + _WORDS]) for i in rows) if words else frozenset()


def likeness(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> float:
    """Tell how much two sets of triples have in common: their Jaccard index, 0 to 1."""
    return len(one & other) / len(one | other) if one and other else 0.0


def is_repeat(one: str, other: str) -> bool:
    """Tell whether two texts tell one story in nearly the same words."""
    return likeness(shingles(one), shingles(other)) >= SAME_STORY
