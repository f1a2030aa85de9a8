"""Proper names inside a sentence: each must be a term of the trade or stand in the snapshot."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files

from shared.analyst.checks.prose import KEPT, Prose
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts

_NAME = re.compile(r"(?<![\w{])[A-Z][\w&]*(?:['\u2019-][A-Z]\w*)*")
_FIRST = re.compile(r"(?:^|[.!?:;]\s|[\"\u201c(]\s?)$")
_TERMS = frozenset(
    [
        "ADX",
        "ATR",
        "CMF",
        "DI",
        "MACD",
        "MFI",
        "OBV",
        "POC",
        "RSI",
        "SMA",
        "VAH",
        "VAL",
        "VIX",
        "VWAP",
        "UTC",
        "US",
        "UK",
        "EU",
        "USD",
        "EUR",
        "GBP",
        "JPY",
        "CNY",
        "Bollinger",
        "Donchian",
        "Parkinson",
        "Garman",
        "Klass",
        "Yang",
        "Zhang",
        "Chaikin",
        "Wilder",
        "Fisher",
        "Mag",
        "High",
        "Medium",
        "Low",
        "Bullish",
        "Bearish",
        "Neutral",
        "I",
        "High-Impact",
        "European",
        "American",
        "Asian",
        "London",
        "York",
        "New",
        "Tokyo",
    ]
)


_ENDINGS = ("s", "es", "ed", "d", "ing", "er", "r", "est", "st", "ly", "ness")
_WORD = re.compile(r"[A-Za-z]{4,}")


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every capitalised word inside a sentence that nothing in the snapshot explains.

    A headline In Title Case may capitalise ordinary words of the trade, those of a fixed list.
    """
    known = _TERMS | _MARKET_NAMES | facts.words
    title = _is_title_case(prose)
    unknown = [
        word
        for word in _inside(prose)
        if not _explained(word, known) and not (title and _is_ordinary(word))
    ]
    if unknown:
        named = ", ".join(repr(word) for word in dict.fromkeys(unknown))
        text = f"{named} is no name in this snapshot; a headline is written like a sentence"
        yield Violation(Kind.EVENT, text)


@lru_cache(maxsize=KEPT)
def _inside(prose: Prose) -> tuple[str, ...]:
    """List the capitalised words that do not begin a sentence."""
    found = _NAME.finditer(prose.text)
    return tuple(m.group() for m in found if not _FIRST.search(prose.text[: m.start()]))


def _is_title_case(prose: Prose) -> bool:
    words: list[str] = _WORD.findall(prose.own)
    return 2 * sum(word[0].isupper() for word in words) > len(words)


def _is_ordinary(word: str) -> bool:
    """Tell whether each part of a word is one that any headline of a market may hold."""
    parts = re.split(r"['\u2019-]", word)
    return all(
        not part or (part == part.capitalize() and not _ordinary().isdisjoint(_stems(part.lower())))
        for part in parts
    )


def _stems(word: str) -> set[str]:
    found = {word}
    for ending in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word:
            found |= {stem, f"{stem}e", stem[:-1] if stem[-1:] == stem[-2:-1] else stem}
            found.add(f"{stem[:-1]}y" if stem.endswith("i") else stem)
    return {stem for stem in found if len(stem) > 1}


@cache
def _ordinary() -> frozenset[str]:
    listed = files("shared.analyst.checks").joinpath("headline_words.txt")
    return frozenset(listed.read_text(encoding="utf-8").split())


def _explained(word: str, known: frozenset[str]) -> bool:
    bare = re.sub(r"['\u2019]s$", "", word)
    return all(part in known for part in re.split(r"[-&]", bare) if part)


# the table of markets says which of these may stand where
_MARKET_NAMES = frozenset(
    [
        "S",
        "P",
        "Nasdaq",
        "Dow",
        "Jones",
        "Russell",
        "WTI",
        "Brent",
        "Henry",
        "Hub",
        "Treasury",
        "Treasuries",
        "British",
        "Japanese",
        "Bitcoin",
        "Apple",
        "Microsoft",
        "Alphabet",
        "Google",
        "Amazon",
        "Meta",
        "Nvidia",
        "Tesla",
        "Federal",
        "Reserve",
        "Fed",
        "Bank",
        "England",
        "Japan",
        "Central",
        "ECB",
        "FOMC",
        "CPI",
        "GDP",
        "PMI",
        "PPI",
        "NFP",
    ]
)
