"""What the words right beside a value demand of it: a move, a difference, an end of a range."""

import re
from collections.abc import Iterator

from shared.analyst.checks.prose import Prose
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts

_MOVED = re.compile(
    r"\b(?:rose|gain(?:ed|s)|add(?:ed|s)|climb(?:ed|s)|advanced|rall(?:y|ies|ied)|jumped|surged|fell"
    r"|lost|dropped|slipped|declined|shed|slid|sank|tumbled|plunged|retreated|rebounded)"
    r"(?: by| another| a further| a mere| just| only)? \(?\{([a-z0-9_]+)\}",
    re.IGNORECASE,
)
_MOVES = re.compile(
    r"\w*change|momentum20|\w*leader_return|leader_residual|gap_atr|sma\d+_slope|macd_histogram"
    r"|es95|var95|surprise|obv_slope20|true_range|range_atr|lift"
)
_BY = re.compile(r"\bby \{([a-z0-9_]+)\}", re.IGNORECASE)
_SIZES = frozenset({"atr14", "true_range", "macd", "macd_signal"})
_NAME = r"\{([a-z0-9_]+)\}"
_RANGE = re.compile(rf"{_NAME} to {_NAME}|between {_NAME} and {_NAME}")
_VALUE = re.compile(r"\bvalue(?: area)?(?: \w+){0,2} \(?$", re.IGNORECASE)
_FEW = re.compile(
    r"\b(?:only|just|merely|barely) \(?\{(\w+_percentile252|breadth\w+)\}", re.IGNORECASE
)
_IS = r"(?:is |still |now )*"
_OVERHEAD = re.compile(rf"{_NAME} {_IS}(?:cap(?:s|ping|ped)|in the way|overhead)\b")
_BENEATH = re.compile(rf"{_NAME} {_IS}(?:underpin(?:s|ning)?|supporting|beneath)\b")
# What a value says of itself: the words behind it cannot say the contrary.
_CONTRARY = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        r"\brank\w*(?: \w+){0,2} below(?: \w+){0,2} \{\w+_percentile252\}",
        r"\{breadth(?:20|50)\}(?: (?!and\b|but\b)\w+){0,4} (?:under|below|beneath)\b",
        r"\{breadth_up\}(?: (?!and\b|but\b)\w+){0,4} (?:fell|declined|lost|dropped|slipped)\b",
        r"\{resistance_distance\}(?: away)? (?:below|under|beneath)\b",
        r"\{support_distance\}(?: away)? (?:above|over|overhead)\b",
        r"\{minus_di14\} up\b|\{plus_di14\} down\b",
    )
)
_SIGNS = {"positive": 1, "negative": -1}
_SIGN = re.compile(
    r"\{([a-z0-9_]+)\}"
    r"(?: (?:is|was|reads|remains|stays|still|mildly|slightly|only|clearly|modestly))+"
    r" (positive|negative)\b",
    re.IGNORECASE,
)
# The two ends of one range; only prices may be ends of a range that an author draws himself.
ENDS = (
    ("val", "vah"),
    ("session_val", "session_vah"),
    ("bollinger_lower", "bollinger_upper"),
    *((f"prior_{span}low", f"prior_{span}high") for span in ("", "week_", "month_")),
    ("leader_correlation_low", "leader_correlation_high"),
    ("lead_lag_low", "lead_lag_high"),
    ("analog_low", "analog_high"),
    ("support", "resistance"),
)


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every value that cannot be what the words beside it say."""
    yield from _moved(prose, facts)
    yield from _contrary(prose, facts)
    yield from _sides(prose, facts)
    for match in _RANGE.finditer(prose.text):
        yield from _range(match, prose.text[: match.start()], facts)


def _moved(prose: Prose, facts: Facts) -> Iterator[Violation]:
    for match in _MOVED.finditer(prose.text):
        if facts.is_number(match.group(1)) and not _MOVES.fullmatch(match.group(1)):
            text = f"{match.group()!r} calls {match.group(1)} a move, which it is not"
            yield Violation(Kind.UNKNOWN_NAME, text)
    for match in _BY.finditer(prose.text):
        name = match.group(1)
        if name in facts and facts[name].unit == "price" and name not in _SIZES:
            text = f"{match.group()!r} calls a price by the word for a difference"
            yield Violation(Kind.UNKNOWN_NAME, text)


def _contrary(prose: Prose, facts: Facts) -> Iterator[Violation]:
    for contrary in _CONTRARY:
        if match := contrary.search(prose.text):
            text = f"{match.group()!r} says the contrary of what the value is"
            yield Violation(Kind.DIRECTION, text)
    for match in _SIGN.finditer(prose.text):
        value, sign = facts.number(match.group(1)), _SIGNS[match.group(2).lower()]
        if value is not None and value * sign <= 0:
            yield Violation(Kind.DIRECTION, f"{match.group()!r} is not its sign")
    for match in _FEW.finditer(prose.text):
        value = facts.number(match.group(1))
        half = 50 if match.group(1).endswith("percentile252") else 0.5
        if value is not None and value > half:
            yield Violation(Kind.DIRECTION, f"{match.group()!r} is more than half")


def _sides(prose: Prose, facts: Facts) -> Iterator[Violation]:
    close = facts.number("last_close")
    for pattern, sign in ((_OVERHEAD, 1), (_BENEATH, -1)):
        for match in pattern.finditer(prose.text):
            name, level = match.group(1), facts.number(match.group(1))
            if level is None or close is None or facts[name].unit != "price":
                continue
            if (level - close) * sign < 0:
                text = f"{match.group()!r}: it lies on the other side of the close"
                yield Violation(Kind.DIRECTION, text)


def twice(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield a value that stands twice in one finding: one of the two is meant for another."""
    for name in dict.fromkeys(prose.names):
        if facts.is_number(name) and prose.names.count(name) > 1:
            text = f"{{{name}}} stands twice in {prose.text!r}: one of them is another value"
            yield Violation(Kind.UNNAMED, text)


def _range(match: re.Match[str], before: str, facts: Facts) -> Iterator[Violation]:
    low, high = (name for name in match.groups() if name is not None)
    if (low, high) in ENDS or (high, low) in ENDS or not {low, high} <= facts.keys():
        return  # a range that runs backwards is found elsewhere
    prices = facts[low].unit == facts[high].unit == "price"
    if not prices or _VALUE.search(before):
        text = f"{match.group()!r} are not the two ends of one range"
        yield Violation(Kind.UNKNOWN_NAME, text)
