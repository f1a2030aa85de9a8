"""Proper names inside a sentence: each must be a term of the trade or stand in the snapshot."""

import re
from collections.abc import Iterator

from shared.analyst.checks.prose import Prose
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


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every capitalised word inside a sentence that nothing in the snapshot explains."""
    known = _known(facts)
    unknown = [
        match.group()
        for match in _NAME.finditer(prose.text)
        if not _FIRST.search(prose.text[: match.start()]) and not _explained(match.group(), known)
    ]
    if unknown:
        named = ", ".join(repr(word) for word in dict.fromkeys(unknown))
        text = f"{named} is no name in this snapshot; a headline is written like a sentence"
        yield Violation(Kind.EVENT, text)


def _explained(word: str, known: frozenset[str]) -> bool:
    bare = re.sub(r"['\u2019]s$", "", word)
    return all(part in known for part in re.split(r"[-&]", bare) if part)


def _known(facts: Facts) -> frozenset[str]:
    texts = [f.value for f in facts.values() if f.unit == "text" and isinstance(f.value, str)]
    texts += [document.source for document in facts.documents.values()]  # "as Reuters reports"
    return _TERMS | _MARKET_NAMES | frozenset(re.findall(r"\w+", " ".join(texts)))


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
