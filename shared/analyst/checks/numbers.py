"""Numbers and dates that an author wrote himself, in whatever script or disguise."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from shared.analyst.checks.prose import KEPT, Prose
from shared.analyst.checks.violation import Kind, Violation

_PERIODS = re.compile(
    r"\b(?:5|14|20|50|55|60|200|252|500)-(?:day|session)\b|\b(?:RSI|ADX|ATR|SMA) (?:14|20|50|200)\b"
    r"|\blast 500 days\b|\bMag 7\b"
)
# Words that hold a number word and say no number.
_INNOCENT = re.compile(
    r"\bhalf-day\b|\b(?:two|one)-(?:way|sided)\b|\bone-day\b"
    r"|\bsecond (?:to|only|opinion|thoughts?)\b"
    # there are three, always; `states` checks what is said of all of them
    r"|\ball three (?:of (?:its|the) )?(?:moving )?(?:means|averages)\b",
    re.IGNORECASE,
)
_WORDS = (
    r"zero|nil|nought|naught|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teens?"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ies|ieth)(?:[- ]\w+)?"
    r"|(?:hundred|thousand|million|billion|trillion)(?:s|ths?)?|dozens?|couple|umpteen"
    r"|twice|thrice|(?:doubl|tripl|trebl|quadrupl|quintupl|halv)(?:e[sd]?|ing)|\w+fold"
    r"|half|halves|quarters|quarter(?= (?:of|points?|percent|higher|lower|more|less|as|to|past))"
    r"|second|thirds?|fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?"
    r"|tenths?|elevenths?|twelfths?|\w+teenths?|decades?|century|centuries|fortnights?"
    r"|one (?:(?:high|medium|low)(?:-| )impact|percent|per cent|points?|atr|hours?|days?|weeks?"
    r"|months?|sessions?|times?|events?|releases?|standard|sigma)|percentage|basis points?|bps"
    r"|pips?"
    # German, French, Spanish: only words that English has not
    r"|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|\w+zig|hundert|tausend"
    r"|deux|trois|quatre|cinq|huit|neuf|onze|douze|vingt|trente|quarante|cinquante|soixante"
    r"|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|veinte|treinta|cuarenta|cincuenta"
    r"|sesenta|setenta|ochenta|noventa|cien|ciento"
)
_NUMBER_WORD = re.compile(rf"\b(?:{_WORDS})\b", re.IGNORECASE)
_PERCENT = re.compile(r"(?<!each )\bper ?cent\b(?!ile)", re.IGNORECASE)
_ROMAN = re.compile(
    r"\b(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b(?!-)",
    re.IGNORECASE,
)
# Words and abbreviations that could be read as Roman numerals: directional index, confidence
# interval, the pronoun, crude oil's symbol, and "mix".
_NOT_ROMAN = frozenset({"DI", "CI", "I", "CL", "MIX", "DC", "D", "C", "M", "L"})
_MONTHS = "January|February|March|April|June|July|August|September|October|November|December"
_DATES = re.compile(
    rf"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|\b(?:{_MONTHS})\b|(?<=\w )May\b"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
    r"|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:january|february|april|july|august|september|october|november|december)\b"
    r"|\bnoon\b|\bmidnight\b|\bo'clock\b|\b[ap]\.?m\.?(?= |,|$)",
)


@lru_cache(maxsize=KEPT)
def check(prose: Prose) -> tuple[Violation, ...]:
    """List every number, number word and date that does not come from a value."""
    return tuple(_faults(prose))


def _faults(prose: Prose) -> Iterator[Violation]:
    bare = _PERIODS.sub(" ", prose.own)
    if any(unicodedata.category(c) in {"Nd", "Nl", "No"} for c in bare):
        text = f"a number of its own in {prose.text!r}: name a feature instead"
        yield Violation(Kind.NUMBER, text)
    # compatibility forms and accents must not hide a word
    plain = _plain(bare)
    for match in _ROMAN.finditer(bare):
        if match.group() and match.group().upper() not in _NOT_ROMAN:
            yield Violation(Kind.NUMBER, f"the Roman numeral {match.group()!r}")
    words = _INNOCENT.sub(" ", plain)
    for pattern in (_NUMBER_WORD, _PERCENT):
        if word := pattern.search(words):
            text = f"the number word {word.group()!r}: name a feature instead"
            yield Violation(Kind.NUMBER_WORD, text)
    if date := _DATES.search(plain):
        text = f"the date or time {date.group()!r}: {{session_date}} names the session"
        yield Violation(Kind.DATE, text)


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in composed if not unicodedata.combining(c))
