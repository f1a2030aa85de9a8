"""A value stands beside a word for what it is; else another value could stand in its place."""

import re
from collections.abc import Iterator
from functools import cache

from shared.analyst.checks.prose import Prose
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts

_MOVES = (
    r"day|session|ended|clos\w*|chang\w*|rose|rise|fell|fall|mov\w*|gain\w*|lo(?:st|ss)|drop\w*"
)
_TREND = r"means?|averages?|trends?|slopes?"
# Names of values, and the words of which one must stand in the same text.
_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"last_close|prior_close", r"clos\w*|pric\w*"),
    (r"day_change", rf"{_MOVES}|slip\w*|climb\w*|declin\w*|advanc\w*|surg\w*|tumbl\w*"),
    (r"true_range|atr14|atr_pct", r"range|usual|spans?|a day|ATR|normal|distances?|size\w*"),
    (
        r"range_atr",
        r"session|range|wide|narrow|tight|stretch|a day|day|end to end|travel\w*|cover\w*|usual",
    ),
    (
        r"\w+_vol20",
        r"volatil\w*|a year|yearly|var(?:y|ies)|gaps counted|swings?",
    ),
    (r"(?:vol|atr)_percentile252", r"volatil\w*|rank\w*|rang\w*|quiet|calm"),
    (r"move_percentile252", r"moves?|larger|size"),
    (
        r"regime_ratio",
        r"volatil\w*|calm\w*|livel\w*|pace|swings?|quiet\w*|usual|last week|norm|violent",
    ),
    (r"gap_\w+", r"gaps?|open\w*"),
    (r"momentum20", r"momentum|month\w*|20-session|20-day"),
    (r"var95|es95|tail_days", r"tail|loss\w*|lost|lose|worst|bad days?|cost"),
    (r"vix\w*", r"VIX|options?"),
    (r"hours_to_high", r"next|due|until|ahead|away|from now|in|waits?|com(?:e|es|ing)|to go"),
    (
        r"(?:high|medium)_(?:today|tomorrow)",
        r"(?:high|medium)[- ]impact|impact|releases?|calendar|medium|high",
    ),
    (
        r"\w+_today",
        r"decision|decides?|prices|payrolls|bank|holiday|CPI|FOMC|releases?|inflation",
    ),
    (r"surprise\w*", r"forecast|surpris\w*|ago|came|digest|differ\w*|consensus"),
    (
        r"(?:session_)?(?:poc|val|vah)(?:_distance)?|value_position",
        r"value|control|fullest|business|profile|traded|accepted|balance",
    ),
    (r"session_vwap\w*", r"means?|VWAP|averages?"),
    (r"week_vwap\w*", r"weeks?|week's|VWAP|stretch\w*|distances?|buyers"),
    (r"close_location", r"clos\w*|low and high|late trading|end|middle"),
    (r"volume_z60|obv_slope20", r"volumes?|participation|balance"),
    (
        r"cmf20|pressure_\w+|mfi14",
        r"pressure|flows?|buying|selling|estimat\w*|orders|buyers|sellers|overbought|oversold",
    ),
    (
        r"leader_(?:corr|beta|link)\w*",
        r"correlat\w*|beta|ti(?:es?|ed)|links?|leaders|interval|follow\w*",
    ),
    (
        r"(?:top_)?leader_return|leader_dispersion|leader_residual",
        r"leaders?|leaders'|they|together|its own|led|moved most|weighed|dispersion|mean",
    ),
    (r"breadth\w*", r"breadth|leaders|them|rose|field|hold|stand"),
    (r"lead_lag\w*", r"shift|bars|leaders|interval"),
    (r"sma\d+\w*", rf"{_TREND}|shorter|middle one|picture|trend"),
    (r"rsi14", r"RSI|overbought|oversold|stretched|fast"),
    (r"macd\w*", r"MACD|signal|momentum"),
    (r"adx14|(?:plus|minus)_di14", r"ADX|direction\w*|trends?"),
    (r"bollinger\w*", r"bands?|Bollinger"),
    (r"donchian\d+", r"range|swings?|channel"),
    (
        r"(?:resistance|support)\w*",
        r"resistance|support|levels?|touch\w*|tests?|in the way|trade|contradict\w*|push|reach",
    ),
    (
        r"prior_\w+",
        r"prior|last|range|break|trade|trades|high|low|open\w*|breaks?",
    ),
    (
        r"p_\w+|base_\w+|confidence|lift",
        r"chances?|normal day|label|gains?|bear|bull|neutral|likel\w*|probabilit\w*",
    ),
)
# "a slip under {week_vwap}": a price needs no other word where prices are spoken of as levels
_AT_A_PRICE = re.compile(
    r"\b(?:under|over|below|above|past|inside|between|beyond|through|reclaim\w*|hold\w*"
    r"|los(?:es?|ing|s))\b",
    re.IGNORECASE,
)
_SIZES = frozenset({"atr14", "true_range", "macd", "macd_signal"})


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every number that stands among words for other readings, with none for its own.

    A text without a word for any reading ("it stands at {rsi14}") calls nothing by a wrong name.
    """
    for name in dict.fromkeys(prose.names):
        if name not in facts or facts[name].unit == "text":
            continue
        if name not in _SIZES and facts[name].unit == "price" and _AT_A_PRICE.search(prose.own):
            continue
        words = _words(name)
        if name == "top_leader_return" and "top_leader" in prose.names:
            continue
        if words is None or words.search(prose.own) or not _any_word().search(prose.own):
            continue
        text = f"{{{name}}} stands in {prose.text!r} without a word for what it is"
        yield Violation(Kind.UNNAMED, text)


@cache
def _words(name: str) -> re.Pattern[str] | None:
    found = next((words for names, words in _FAMILIES if re.fullmatch(names, name)), None)
    return _whole(found) if found else None


@cache
def _any_word() -> re.Pattern[str]:
    return _whole("|".join(words for _, words in _FAMILIES))


def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
