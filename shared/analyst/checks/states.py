"""Words for a state (overbought, heavy, calmer): a word and the band of its reading agree."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from shared.analyst.checks.prose import HELD, KEPT, Prose, negated
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts
from shared.analyst.relations import band

Test = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class _Group:
    """Readings that share their words: one of those that a text names must bear the word out."""

    names: tuple[str, ...]
    low: str
    high: str
    shared: bool = False  # the word may stand on a reading of the group that is not named


_GROUPS = (
    _Group(("rsi14", "mfi14"), r"low|washed out", r"high|hot"),
    _Group(
        ("adx14",),
        r"weak|low|feeble|no trend|trendless|listless",
        r"strong|high|powerful|firm|forceful",
    ),
    _Group(("vix",), r"low|cheap|subdued|depressed", r"high|elevated|dear|expensive|rich"),
    _Group(
        ("vol_percentile252", "atr_percentile252", "regime_ratio"),
        r"low|quiet|subdued|calm|calmer|quieter|compressed|asleep|shrunk|shrinking|muted",
        r"high|elevated|stressed|livelier|lively|woken|grown|growing|expanding|agitated",
    ),
    _Group(("range_atr",), r"narrow|tight|small|little|compressed", r"wide|large|big|outsized"),
    _Group(
        ("volume_z60",),
        r"thin|light|low|quiet|below[- ]average",
        r"heavy|high|strong|busy|above[- ]average",
    ),
    _Group(
        ("breadth_up", "breadth20", "breadth50"),
        r"weak|narrow|thin|poor|low",
        r"broad|strong|healthy|wide|high",
        shared=True,
    ),
    _Group(
        ("close_location",),
        r"near (?:the|its) (?:day's )?low|weak(?:est)?|poor",
        r"near (?:the|its) (?:day's )?high|strong(?:est)?|firm",
    ),
    _Group(
        ("donchian20", "donchian55"),
        r"lower part|lower end|bottom|near the low",
        r"upper part|upper end|top|near the high",
    ),
)
# "between low and high", "High-impact" and "higher highs" say nothing of a band
_NO_BAND = re.compile(
    r"between low and high|\bhigh(?:-| )impact\b|\b(?:higher|lower) (?:highs?|lows?)\b"
    r"|\bhigh and low\b|\bhigh or low\b|\b(?:prior|last|week's|month's|day's) (?:high|low)\b"
    r"|\blow(?:er)? end and\b",
    re.IGNORECASE,
)


_PAUSE = re.compile(r"[.,;:!?]\s| (?:and|but|while|with) ")
_FAR = 30  # characters that a pause is worth


def _is(name: str, word: str) -> Test:
    return lambda facts: band(facts, name) == word


def _sign(sign: int, *names: str) -> Test:
    """Hold where one of these has this sign."""
    return lambda facts: any((facts.number(name) or 0) * sign > 0 for name in names)


def _all_means(sign: int) -> Test:
    def check(facts: Facts) -> bool:
        return all((facts.number(f"sma{p}_distance") or 0) * sign > 0 for p in (20, 50, 200))

    return check


def _slopes(sign: int) -> Test:
    def check(facts: Facts) -> bool:
        return all((facts.number(f"sma{p}_slope") or 0) * sign > 0 for p in (20, 50, 200))

    return check


def _word(name: str, word: str) -> Test:
    return lambda facts: word in (facts.word(name) or "")


_FLOWS = ("cmf20", "pressure_tick20", "pressure_bulk20", "pressure_location5")
_ALL_MEANS = r"all (?:three )?(?:of (?:its|the) )?(?:moving )?(?:means|averages)"
# Phrases that are true or false wherever they stand.
_PHRASES: tuple[tuple[str, Test], ...] = (
    (r"livelier than usual|more volatile than usual", _is("regime_ratio", "high")),
    (r"calmer than usual|quieter than usual|less volatile than usual", _is("regime_ratio", "low")),
    (r"above (?:all|every)(?: three)?(?: of)?(?: (?:its|the))? means?", _all_means(1)),
    (r"below (?:all|every)(?: three)?(?: of)?(?: (?:its|the))? means?", _all_means(-1)),
    (rf"{_ALL_MEANS} (?:are rising|rise)", _slopes(1)),
    (rf"{_ALL_MEANS} (?:are falling|fall)", _slopes(-1)),
    (
        r"MACD (?:is|stands|lies|sits|holds) above (?:its )?(?:signal|zero)",
        _sign(1, "macd_histogram"),
    ),
    (
        r"MACD (?:is|stands|lies|sits|holds) below (?:its )?(?:signal|zero)",
        _sign(-1, "macd_histogram"),
    ),
    (r"(?:direction points|pointing) up(?:ward)?", lambda f: _direction(f) > 0),
    (r"(?:direction points|pointing) down(?:ward)?", lambda f: _direction(f) < 0),
    (r"gap(?:ped|s)? (?:up|higher)|upward gap", _sign(1, "gap_atr")),
    (r"gap(?:ped|s)? (?:down|lower)|downward gap", _sign(-1, "gap_atr")),
    (
        r"(?:over|above|beat|beats|exceeded|exceeds) (?:its |the )?(?:forecasts?|consensus)",
        _sign(1, "surprise"),
    ),
    (
        r"(?:under|below|missed|misses) (?:its |the )?(?:forecasts?|consensus)",
        _sign(-1, "surprise"),
    ),
    (r"(?:estimated )?buying(?: pressure)?(?= \(?\{)", _sign(1, *_FLOWS)),
    (r"(?:estimated )?selling(?: pressure)?(?= \(?\{)", _sign(-1, *_FLOWS)),
    (r"(?:inversely|inverse (?:link|correlation|tie))", _sign(-1, "leader_correlation60")),
    (r"no link", _word("leader_link", "no link")),
    *((rf"{what}", _word("swing_state", what)) for what in (
        "higher highs", "lower highs", "higher lows", "lower lows",
    )),
)  # fmt: skip
_COMPILED = tuple((re.compile(rf"\b{words}\b", re.IGNORECASE), holds) for words, holds in _PHRASES)
_MEANS = re.compile(
    r"\b(above|below) (?:the|its) (20|50|200)-day (?:mean|average|moving average)\b", re.IGNORECASE
)
_OSCILLATORS = ("rsi14", "mfi14")
_STRETCHED = re.compile(r"\bover(bought|sold)\b", re.IGNORECASE)
_ALMOST = re.compile(
    r"\b(?:shy|short) of $|\b(?:almost|nearly|nearing|approaching) $", re.IGNORECASE
)
_NO_HIGH = re.compile(r"\b(?:no|nothing of|free of|without(?: any)?) High(?:-| )impact\b")
_LATER = re.compile(r"\b(?:after|behind|following)\b", re.IGNORECASE)


def _direction(facts: Facts) -> float:
    return (facts.number("plus_di14") or 0) - (facts.number("minus_di14") or 0)


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every word for a state that the readings do not bear out."""
    text = _NO_BAND.sub(lambda m: " " * len(m.group()), prose.text)
    for group in _GROUPS:
        named = [name for name in group.names if name in prose.names]
        if named:
            yield from _banded(text, group, named, facts)
    for match, holds in _found(prose):
        if holds(facts) is negated(prose.text[: match.start()]):
            yield Violation(Kind.DIRECTION, f"{match.group()!r} is not what the values say")
    yield from _stretched(prose, facts)
    yield from _means(prose, facts)
    yield from _free(prose, facts)


@lru_cache(maxsize=KEPT)
def _found(prose: Prose) -> tuple[tuple[re.Match[str], Test], ...]:
    return tuple((m, holds) for words, holds in _COMPILED for m in words.finditer(prose.text))


def _banded(text: str, group: _Group, named: list[str], facts: Facts) -> Iterator[Violation]:
    readings = {band(facts, name) for name in (group.names if group.shared else named)}
    for word, pattern in (("low", group.low), ("high", group.high)):
        for match in _whole(pattern).finditer(text):
            if _nearest(text, match, facts) not in group.names:
                continue
            denied = negated(text[: match.start()])
            if (word in readings) is denied and not (denied and len(readings) > 1):
                which = " or ".join(named)
                yield Violation(Kind.DIRECTION, f"{match.group()!r} does not agree with {which}")


@cache
def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b", re.IGNORECASE)


def _nearest(text: str, word: re.Match[str], facts: Facts) -> str | None:
    """Find the value that a word stands nearest to; a comma or full stop between is a long way."""
    best: tuple[int, str] | None = None
    for held in HELD.finditer(text):
        name = held.group(1)
        if name not in facts or facts[name].unit == "text":
            continue
        first, second = sorted((held.span(), word.span()))
        between = text[first[1] : second[0]]
        distance = len(between) + _FAR * len(_PAUSE.findall(between))
        if best is None or distance < best[0]:
            best = (distance, name)
    return None if best is None else best[1]


def _stretched(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Let overbought and oversold be true of the oscillator that is named, or of either one."""
    names = [n for n in _OSCILLATORS if n in prose.names] or list(_OSCILLATORS)
    for match in _STRETCHED.finditer(prose.text):
        wanted = "high" if match.group(1).lower() == "bought" else "low"
        found = [band(facts, name) == wanted for name in names]
        before = prose.text[: match.start()]
        denied = negated(before) or _ALMOST.search(before)
        right = not all(found) if denied else any(found)
        if not right:
            text = f"{match.group()!r} does not agree with {' or '.join(names)}"
            yield Violation(Kind.DIRECTION, text)


def _means(prose: Prose, facts: Facts) -> Iterator[Violation]:
    if any(name.startswith("breadth") for name in prose.names):
        return  # the leaders stand above their own means
    for match in _MEANS.finditer(prose.text):
        side, period = match.group(1).lower(), match.group(2)
        distance = facts.number(f"sma{period}_distance")
        right = distance is not None and (distance > 0 if side == "above" else distance < 0)
        if not right or negated(prose.text[: match.start()]):
            text = f"{match.group()!r} does not agree with sma{period}_distance"
            yield Violation(Kind.DIRECTION, text)


def _free(prose: Prose, facts: Facts) -> Iterator[Violation]:
    for match in _NO_HIGH.finditer(prose.text):
        later = _LATER.search(prose.text)
        name = "high_tomorrow" if later else "high_today"
        if facts.number(name) != 0:
            yield Violation(Kind.DIRECTION, f"{match.group()!r} does not agree with {name}")
