"""Words about the market as a whole: true or false wherever they stand, no value beside them."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from shared.analyst.checks.prose import KEPT, Prose, negated
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts
from shared.analyst.relations import band

Test = Callable[[Facts], bool]

_BREADTH = ("breadth_up", "breadth20", "breadth50")
_FLOWS = ("cmf20", "pressure_tick20", "pressure_bulk20", "pressure_location5")
_WORTH_THE_NAME = 5.0  # points of chance; real gains over a normal day are a few tenths to two
_SIZE = r"overwhelming|huge|large|big|great|strong|sizeable|substantial|clear|decisive|convincing"


def _any(word: str, *names: str) -> Test:
    """Hold where one of these lies in this band; where none is known nothing is contradicted."""

    def check(facts: Facts) -> bool:
        known = [found for name in names if (found := band(facts, name)) is not None]
        return word in known or not known

    return check


def _signed(sign: int, name: str) -> Test:
    return lambda facts: (facts.number(name) or 0) * sign > 0


def _some(sign: int) -> Test:
    return lambda facts: any((facts.number(name) or 0) * sign > 0 for name in _FLOWS)


def _gains(facts: Facts) -> bool:
    lift = facts.number("lift")
    return lift is None or lift >= _WORTH_THE_NAME


def _above(name: str, other: str, sign: int) -> Test:
    def check(facts: Facts) -> bool:
        mine, theirs = facts.number(name), facts.number(other)
        return mine is not None and theirs is not None and (mine - theirs) * sign > 0

    return check


_UP = (
    r"climb(?:ed|ing)|ris(?:en|ing)|rose|advanc(?:ed|ing)|gain(?:ed|ing)|rall(?:ied|ying)"
    r"|soar(?:ed|ing)"
)
_DOWN = (
    r"fall(?:en|ing)|fell|declin(?:ed|ing)|dropp(?:ed|ing)|slid(?:ing)?|sinking|sank|los(?:t|ing)"
)
_CONTROL = r"(?:are |were )?(?:still )?in (?:full |firm )?control"
_VALUE = r"(?:the )?value(?: area)?(?= \(|[.,;:]|$| and| on| but)"
_QUIET = _any("low", "vol_percentile252", "atr_percentile252", "range_atr", "regime_ratio", "vix")
_WILD = _any("high", "vol_percentile252", "atr_percentile252", "range_atr", "regime_ratio", "vix")
_MOODS: tuple[tuple[str, Test], ...] = (
    (r"(?:calm|quiet|sleepy|placid|serene|dull) (?:market|session|day|tape|week)", _QUIET),
    (r"(?:wild|violent|turbulent|stressed|frantic|stormy) (?:market|session|day|tape|week)", _WILD),
    (
        r"volatility (?:is |has been |keeps |was )?(?:falling|easing|fading|declining|receding)",
        _signed(-1, "regime_ratio"),
    ),
    (
        r"volatility (?:is |has been |keeps |was )?(?:rising|building|growing|climbing|increasing)",
        _signed(1, "regime_ratio"),
    ),
    (r"(?:a|the) (?:very )?(?:strong|powerful) (?:up|down)?trend", _any("high", "adx14")),
    (r"(?:broad|healthy|strong) breadth", _any("high", *_BREADTH)),
    (r"(?:weak|poor|narrow|thin) breadth", _any("low", *_BREADTH)),
    (r"(?:lighter|thinner) than (?:usual|normal)", _signed(-1, "volume_z60")),
    (r"(?:heavier|busier) than (?:usual|normal)", _signed(1, "volume_z60")),
    (rf"above {_VALUE}", _any("high", "value_position")),
    (rf"below {_VALUE}", _any("low", "value_position")),
    (r"buying side", _some(1)),
    (r"selling side", _some(-1)),
    (r"complacen\w+", _any("low", "vix", "vol_percentile252")),
    (r"panic\w*", _any("high", "vix", "vol_percentile252")),
    (
        r"(?:moves?|moving|trades?) (?:against|opposite(?: to)?|inversely to) (?:its|the) leaders",
        _signed(-1, "leader_correlation60"),
    ),
    (rf"(?:market|prices?|index) (?:has|have) been (?:{_UP})", _signed(1, "momentum20")),
    (rf"(?:market|prices?|index) (?:has|have) been (?:{_DOWN})", _signed(-1, "momentum20")),
    (rf"(?:{_UP}) all month", _signed(1, "momentum20")),
    (rf"(?:{_DOWN}) all month", _signed(-1, "momentum20")),
    (rf"(?:{_UP}) all week", _above("last_close", "prior_week_close", 1)),
    (rf"(?:{_DOWN}) all week", _above("last_close", "prior_week_close", -1)),
    (rf"buyers {_CONTROL}", _above("plus_di14", "minus_di14", 1)),
    (rf"sellers {_CONTROL}", _above("plus_di14", "minus_di14", -1)),
    (rf"(?:{_SIZE}) (?:chances?|probabilit\w+|lift|gain|edge|odds|advantage)", _gains),
    (r"overwhelming(?:ly)?", _gains),
)
_COMPILED = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), holds) for words, holds in _MOODS
)
# support lies under the close and resistance over it, or they would not be listed as such
_BROKEN = re.compile(
    r"\b(?:support|resistance)(?: at \{\w+\})? (?:has |was |is |has been )?"
    r"(?:given way|gave way|broken|broke|failed|lost|gone|cleared|overcome|taken out)\b",
    re.IGNORECASE,
)
_SUPPOSED = re.compile(r"\b(?:would|could|may|might|if|until|unless|should|once)\b", re.IGNORECASE)
_MOST = re.compile(
    r"\b(?:(?P<most>most|the majority)|(?P<all>all|every one)|(?P<few>few|none))"
    r"(?: of)?(?: the| its)? (?:leaders|them)\b",
    re.IGNORECASE,
)

_FALLEN = re.compile(
    r"(?: (?!and\b|but\b)\w+){0,2} (?:below|under|beneath|fell|lost|declined|slipped)\b"
)


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every word for the market that the readings do not bear out."""
    for match, holds in _found(prose):
        if not holds(facts) and not negated(prose.text[: match.start()]):
            yield Violation(Kind.DIRECTION, f"{match.group()!r} is not what the values say")
    for match in _BROKEN.finditer(prose.text):
        if not _SUPPOSED.search(prose.text) and not negated(prose.text[: match.end()] + " "):
            yield Violation(
                Kind.LEVEL, f"{match.group()!r}: the close lies on the other side of it"
            )
    for match in _MOST.finditer(prose.text):
        if not _holds_for(match, prose, facts):
            text = f"{match.group()!r} does not agree with the leaders' breadth"
            yield Violation(Kind.DIRECTION, text)


@lru_cache(maxsize=KEPT)
def _found(prose: Prose) -> tuple[tuple[re.Match[str], Test], ...]:
    return tuple((m, holds) for words, holds in _COMPILED for m in words.finditer(prose.text))


def _holds_for(match: re.Match[str], prose: Prose, facts: Facts) -> bool:
    """Compare with the breadths that the text names, with any of them where it names none."""
    named = [name for name in _BREADTH if name in prose.names] or list(_BREADTH)
    shares = [share for name in named if (share := facts.number(name)) is not None]
    if not shares or negated(match.string[: match.start()]):
        return True
    if _FALLEN.match(match.string, match.end()):
        shares = [1 - share for share in shares]
    if match.group("few"):
        return min(shares) < 0.5
    return max(shares) > 0.5 if match.group("most") else max(shares) == 1
