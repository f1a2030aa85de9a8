"""Words of direction beside a value: "fell {day_change}" needs a fall, "above {sma20}" a height."""

import re
from collections.abc import Iterator

from shared.analyst.checks.prose import HELD, Prose, negated
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts

_UP = (
    r"up|upwards?|higher|r(?:ose|isen|ises?|ising)|gain(?:s|ed|ing)?|advanc(?:es?|ed|ing)"
    r"|climb(?:s|ed|ing)?|add(?:s|ed|ing)|increas(?:es?|ed|ing)|rall(?:y|ies|ied)"
    r"|jumped|surg(?:es?|ed|ing)|soar(?:s|ed|ing)?|leap(?:s|ed|t)?|rebound(?:s|ed)?"
    r"|recover(?:s|ed|y)?|bullish|strengthen(?:s|ed|ing)?"
)
_DOWN = (
    r"down|downwards?|lower|fall(?:s|en|ing)?|fell|los(?:es?|t|s|ses|ing)|declin(?:es?|ed|ing)"
    r"|drop(?:s|ped|ping)?|slid|slid(?:es?|ing)|slip(?:s|ped|ping)?|decreas(?:es?|ed|ing)"
    r"|sank|sinks?|sunk|tumbl(?:es?|ed|ing)|plung(?:es?|ed|ing)|plummet(?:s|ed)?|collaps(?:es?|ed)"
    r"|shed|bearish|weaken(?:s|ed|ing)?|retreat(?:s|ed)?|sold off"
)
_MOVED = re.compile(rf"\b(?:(?P<up>{_UP})|(?P<down>{_DOWN}))\b", re.IGNORECASE)
_MOVES = re.compile(
    r"day_change|momentum20|vix_change|(?:top_)?leader_return|leader_residual|gap_atr|sma\d+_slope"
)
_PLACED = re.compile(
    r"\b(?:(?P<up>above|over|ahead|higher)|(?P<down>below|under|beneath|underneath|lower|behind)"
    r"|(?P<inside>inside))\b",
    re.IGNORECASE,
)
_OF_THE_CLOSE = re.compile(
    r" (?:the |its )?(?:last |latest )?(?:close|price|market)\b", re.IGNORECASE
)
_DISTANCES = re.compile(
    r"sma\d+_distance|poc_distance|(?:week|session)_vwap_distance|macd_histogram|lift"
)
# what may happen is no statement of what is
_SUPPOSED = re.compile(
    r"\b(?:would|could|may|might|if|until|unless|should|can|needs?|watch|back|return\w*|once|before"
    r"|holds?|stays|fail\w*|break\w*|slip|loss|lose|losing)\b",
    re.IGNORECASE,
)
_BREAK = re.compile(r"[.;:!?](?=\s|$)")
_BETWEEN = re.compile(
    r"\b(?:(?P<up>above|over|higher than|more than|greater than|larger than|exceeds)"
    r"|(?P<down>below|under|beneath|lower than|less than|smaller than))"
    r"(?P<rest>(?: (?!and\b|or\b)[\w',-]+){0,6}) \(?$",
    re.IGNORECASE,
)
# values beside prices that are measured on one scale and may be compared in prose
_SCALES = tuple(
    re.compile(names)
    for names in (
        r"(?:plus|minus)_di14",
        r"(?:p|base)_(?:bear|neutral|bull)|confidence",
        r"(?:realized|parkinson|garman_klass|yang_zhang)_vol20",
        r"leader_correlation(?:60|_ewma)",
        r"macd(?:_signal)?",
    )
)
# of two values that are named what is said is said, whatever else the sentence supposes
_STATED = re.compile(
    r"\} (?:is|was|stands|stood|lies|sits|reads|remains)(?: \w+){1,3} \(?$", re.IGNORECASE
)
_OTHER_SUBJECT = re.compile(
    r"\b(?:mean|means|average|support|resistance|band|control|leaders?|high|low|range|value|edge)\b",
    re.IGNORECASE,
)
_BEGINS_WITH_THE_CLOSE = re.compile(r"\s*(?:the |its )?(?:last |latest )?close\b", re.IGNORECASE)
_LEFT, _RIGHT_WORDS, _LEFT_WORDS = 90, 3, 5


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every word of direction that its value contradicts."""
    for match in HELD.finditer(prose.text):
        name = match.group(1)
        left = _BREAK.split(prose.text[: match.start()])[-1]
        right = re.split(r"[.,;:!?()]|\{", prose.text[match.end() :], maxsplit=1)[0]
        if _MOVES.fullmatch(name):
            yield from _moved(name, left, right, facts)
        elif _DISTANCES.fullmatch(name):
            yield from _placed(name, left, right, facts)
        elif facts.is_number(name) and _is_stated(prose, left):
            yield from _compared(name, left, facts)


def _is_stated(prose: Prose, left: str) -> bool:
    return not _SUPPOSED.search(prose.text) or _STATED.search(left) is not None


def _disagrees(word: re.Match[str], value: float | None) -> bool:
    return value is None or (value <= 0 if word.group("up") else value >= 0)


def _moved(name: str, left: str, right: str, facts: Facts) -> Iterator[Violation]:
    near = " ".join(HELD.split(left)[-1].split()[-_LEFT_WORDS:])
    behind = " ".join(right.split()[:_RIGHT_WORDS])
    found = [*_MOVED.finditer(near)][-1:] or [*_MOVED.finditer(behind)][:1]
    for word in found:
        if not negated(word.string[: word.start()]) and _disagrees(word, facts.number(name)):
            yield Violation(Kind.DIRECTION, f"{word.group()!r} does not agree with {name}")


def _placed(name: str, left: str, right: str, facts: Facts) -> Iterator[Violation]:
    behind = " ".join(right.split()[:_RIGHT_WORDS])
    found = [*_PLACED.finditer(behind)][:1] or [*_PLACED.finditer(left[-_LEFT:])][-1:]
    for word in found:
        if word.group("inside"):
            continue  # of neither side: an earlier word speaks of something else
        value = facts.number(name)
        if value is not None and _OF_THE_CLOSE.match(word.string, word.end()):
            value = -value  # "the mean lies below the close by {sma20_distance}"
        if not negated(word.string[: word.start()]) and _disagrees(word, value):
            yield Violation(Kind.DIRECTION, f"{word.group()!r} does not agree with {name}")


def _compared(name: str, left: str, facts: Facts) -> Iterator[Violation]:
    word = _BETWEEN.search(left)
    if word is None or negated(word.string[: word.start()]):
        return
    subject = _subject(word.string[: word.start()], name, facts)
    mine, other = facts.number(subject or ""), facts.number(name)
    if mine is None or other is None:
        return
    # rounded values that are equal prove nothing
    if mine < other if word.group("up") else mine > other:
        text = f"{word.group().strip()!r} does not agree with {subject} and {name}"
        yield Violation(Kind.DIRECTION, text)


def _subject(before: str, name: str, facts: Facts) -> str | None:
    """Find what is compared: a value just named, else the close where prices are spoken of."""
    # "at {last_close}, above {vah}": the comma does not part the two
    part = re.split(r"[,;:]\s|\band\b", before.rstrip(", "))[-1]
    if before.rstrip().endswith(",") and _BEGINS_WITH_THE_CLOSE.match(part):
        return "last_close" if facts[name].unit == "price" else None
    named = list(filter(facts.is_number, HELD.findall(part)))
    if facts[name].unit == "price":
        if named:
            return named[-1] if facts[named[-1]].unit == "price" else None
        speaks = re.search(r"\b(?:clos\w+|it|stands?|is|was)\b", part, re.IGNORECASE)
        return "last_close" if speaks and not _OTHER_SUBJECT.search(part) else None
    scale = next((s for s in _SCALES if s.fullmatch(name)), None)
    return named[-1] if scale and named and scale.fullmatch(named[-1]) else None
