"""Cuts a text into parts that an embedder reads whole: at sentences, else at words."""

import re
from collections.abc import Iterator

# Behind a stop and its closing marks, before a new beginning; not behind an initial or short form.
_BREAK = re.compile(
    r"""(?:(?<=[.!?])|(?<=[.!?]["'\u201d\u2019)\]]))
        (?<![ (.][A-Z]\.)(?<!^[A-Z]\.)
        (?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bvs\.)(?<!\bNo\.)(?<!\bCo\.)
        (?<!\bInc\.)(?<!\bLtd\.)(?<!\bCorp\.)(?<!\bapprox\.)
        \s+(?=["'\u201c\u2018(\[]*[A-Z0-9])""",
    re.VERBOSE,
)
_PIECE = re.compile(r"[A-Za-z]+|\d|[^\sA-Za-z\d]")
_LETTERS_A_TOKEN = 3  # of a long word; common ones are a token each
_COMMON = 6


def tokens_at_most(text: str) -> int:
    """Count the word pieces of a text, rather too many than too few.

    Shape: a digit, a mark and a foreign letter count one each; a word of up to six letters one,
    a longer one a third of its letters.
    """
    return sum(_tokens(piece) for piece in _PIECE.findall(text))


def _tokens(piece: str) -> int:
    return 1 if len(piece) <= _COMMON else -(-len(piece) // _LETTERS_A_TOKEN)


def chunks(text: str, limit: int) -> tuple[str, ...]:
    """Cut a text into parts of at most `limit` tokens, whole sentences where they fit.

    Shape: blanks are made one; nothing else is left out, added or reordered; no part is empty.
    """
    parts: list[str] = []
    size = 0
    for piece in _pieces(" ".join(text.split()), limit):
        tokens = tokens_at_most(piece)
        if parts and size + tokens <= limit:
            parts[-1] += f" {piece}"
            size += tokens
        else:
            parts.append(piece)
            size = tokens
    return tuple(parts)


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Yield sentences; of one that is too long its words, of a word that is too long its parts."""
    for sentence in filter(None, _BREAK.split(text)):
        if tokens_at_most(sentence) <= limit:
            yield sentence
            continue
        for word in sentence.split(" "):
            yield from _cut(word, limit)


def _cut(word: str, limit: int) -> Iterator[str]:
    while tokens_at_most(word) > limit:
        yield word[:limit]  # no character is more than one token
        word = word[limit:]
    yield word
