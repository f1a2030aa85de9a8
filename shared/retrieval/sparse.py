"""Texts as weighted words: the half of a search that knows names and numbers.

The index multiplies a word's weight by its rarity (the `idf` modifier of its sparse vectors), so
what is written here is BM25's other half. Measured on the labelled set with its rival, the
engine's own Bm25, in docs/guides/retrieval.md: numbers are kept, because figures are asked for.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from zlib import crc32

VERSION = "words-1"  # part of a collection's name: other weights are another collection

_K1, _B = 0.9, 0.4  # how soon repeats stop counting; how much a long text must repeat
_USUAL_LENGTH = 55  # words; a constant, so that a text's weights do not hang on its neighbours
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")  # a number with its separators, or letters
_ENDINGS = (
    ("ies", "y"),
    ("sses", "ss"),
    ("ing", ""),
    ("edly", ""),
    ("ed", ""),
    ("ly", ""),
    ("es", ""),
    ("s", ""),
)
_STEM = 3  # letters that an ending must leave
_COMMON = (
    "a about an and are as at be between but by did do does during for from had has have how if in "
    "into is it its no not of on or such than that the their then there these they this to was "
    "were what when where which who why will with"
)
_STOP = frozenset(_COMMON.split())


def words(text: str) -> list[str]:
    """Cut a text into the words that are compared: small letters, no endings, numbers whole."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return [_stem(word) for word in _WORD.findall(plain) if word not in _STOP]


def document_weights(text: str) -> dict[int, float]:
    """Weigh the words of a text that will be looked for.

    Shape: a word's number, 32 bits, -> its weight.
    """
    counts = Counter(words(text))
    length = 1 - _B + _B * counts.total() / _USUAL_LENGTH
    return _numbered({w: n * (_K1 + 1) / (n + _K1 * length) for w, n in counts.items()})


def query_weights(text: str) -> dict[int, float]:
    """Weigh the words of a question: each once."""
    return _numbered(dict.fromkeys(words(text), 1.0))


def _numbered(weights: Mapping[str, float]) -> dict[int, float]:
    numbered: dict[int, float] = {}
    for word, weight in weights.items():
        number = crc32(word.encode())
        numbered[number] = max(weight, numbered.get(number, 0.0))
    return numbered


def _stem(word: str) -> str:
    if word[0].isdigit():
        return word.replace(",", "")
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) + len(instead) >= _STEM:
            return word if word.endswith("ss") else word.removesuffix(ending) + instead
    return word
