"""A value stands beside a word for what it is; else another value could stand in its place."""

import re
from collections.abc import Iterator
from functools import cache

from shared.analyst.checks.prose import HELD, Prose
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts

_MOVES = (
    r"day|session|ended|clos\w*|chang\w*|rose|rise|fell|fall|mov\w*|gain\w*|lo(?:st|ss)|drop\w*"
)
_TREND = r"means?|averages?|trends?|slopes?"
# Names of values, and the words of which one must stand in the same text.
_FAMILIES: tuple[tuple[str, str], ...] = (
    (r"last_close|prior_close", r"clos\w*|pric\w*"),
    (
        r"day_change",
        rf"{_MOVES}|slip\w*|add\w*|higher|lower|jump\w*|climb\w*|declin\w*|advanc\w*|surg\w*|tumbl\w*",
    ),
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
    (r"high_(?:today|tomorrow)", r"high(?:[- ]impact)?|such|calendar|releases?"),
    (r"medium_(?:today|tomorrow)", r"medium(?:[- ]impact)?|such|calendar|releases?"),
    (r"cpi_today", r"CPI|consumer prices?|inflation"),
    (r"payrolls_today", r"payrolls?|jobs?|employment"),
    (r"central_bank_today", r"central banks?|banks?|decisions?|decides?|rates?"),
    (r"fomc_today", r"FOMC|Fed|Federal Reserve"),
    (r"ecb_today", r"ECB|European Central Bank"),
    (r"boe_today", r"BoE|Bank of England"),
    (r"boj_today", r"BoJ|Bank of Japan"),
    (r"holiday_today", r"holidays?"),
    (r"surprise\w*", r"forecast|surpris\w*|ago|came|digest|differ\w*|consensus"),
    (
        r"(?:session_)?(?:poc|val|vah)(?:_distance)?|value_position",
        r"value|control|fullest|business|profile|traded|accepted|balance",
    ),
    (r"(?:session|week)_vwap_(?:low|high)\d", r"bands?|deviations?|envelope"),
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
        r"prior|last|previous|range|break|trades?|(?:highs?|lows?)(?!-)|open\w*|breaks?",
    ),
    (
        r"p_\w+|base_\w+|confidence|lift",
        r"chances?|normal day|label|gains?|bear|bull|neutral|likel\w*|probabilit\w*",
    ),
)
# "a slip under {week_vwap}": a price needs no other word where it is spoken of as a level
_AT_A_PRICE = re.compile(
    r"\b(?<!ranks )(?<!rank )(?:under|over|below|above|past|inside|between|beyond|through|beneath"
    r"|near|(?:fail|reject|stall)\w* at|reclaim\w*|holds?|los(?:es?|ing|s))"
    r"(?: (?:the|its|that|this|last|prior|week's|month's|day's|lows?|highs?|close|levels?|price|at"
    r"|of|resistance|support|value|area|nearest|next|around|even|roughly|about|only|just))* \(?$",
    re.IGNORECASE,
)
_LATER = re.compile(r"\b(?:after\w*|next|following|behind|tomorrow|later)\b", re.IGNORECASE)
_IMPACT = re.compile(r"\b(high|medium)\b", re.IGNORECASE)
_SIZES = frozenset({"atr14", "true_range", "macd", "macd_signal"})
_JOINT = re.compile(r"[\s,(]*(?:(?:and|or|to|against|with|versus|vs\.?)\s*)?\(?\s*")


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every number that stands among words for other readings, with none for its own.

    Its own word stands on its side of the values around it that are of other families. A text
    without a word for any reading ("it stands at {rsi14}") calls nothing by a wrong name.
    """
    if not _any_word().search(prose.own):
        return
    found = [m for m in HELD.finditer(prose.text) if facts.is_number(m.group(1))]
    for place, held in enumerate(found):
        name = held.group(1)
        words = _words(name)
        if words is None or (name == "top_leader_return" and "top_leader" in prose.names):
            continue
        if name not in _SIZES and facts[name].unit == "price" and _is_level(prose, found, place):
            continue
        around = _around(prose.text, found, place)
        told = prose.text[: held.start()] + around
        if not words.search(around) or _is_other_release(name, around, told):
            text = f"{{{name}}} stands in {prose.text!r} without a word for what it is"
            yield Violation(Kind.UNNAMED, text)


def _is_other_release(name: str, around: str, told: str) -> bool:
    """Tell whether a count of releases stands beside the other impact, or the other session."""
    if name.endswith("_tomorrow") and not _LATER.search(told):
        return True
    said = {word.lower() for word in _IMPACT.findall(around)}
    return name.partition("_")[0] in {"high", "medium"} - said and len(said) == 1


def _is_level(prose: Prose, found: list[re.Match[str]], place: int) -> bool:
    """Tell whether a price is spoken of as a level, or stands in one row with such a price."""
    first = place
    while first and _JOINT.fullmatch(prose.text[found[first - 1].end() : found[first].start()]):
        first -= 1
    return _AT_A_PRICE.search(prose.text[: found[first].start()]) is not None


def _around(text: str, found: list[re.Match[str]], place: int) -> str:
    """Cut out what may speak of a value: up to the next value of another family on either side."""
    if text[: found[place].start()].endswith((" its ", " their ")):
        return HELD.sub(" ", text)  # what "its" stands for was named before
    own = _words(found[place].group(1))
    first = last = place
    while first and (
        _words(found[first - 1].group(1)) == own
        or _JOINT.fullmatch(text[found[first - 1].end() : found[first].start()])
    ):
        first -= 1
    while last + 1 < len(found) and _words(found[last + 1].group(1)) == own:
        last += 1
    start = found[first - 1].end() if first else 0
    end = found[last + 1].start() if last + 1 < len(found) else len(text)
    return HELD.sub(" ", text[start:end])


@cache
def _words(name: str) -> re.Pattern[str] | None:
    found = next((words for names, words in _FAMILIES if re.fullmatch(names, name)), None)
    return _whole(found) if found else None


@cache
def _any_word() -> re.Pattern[str]:
    return _whole("|".join(words for _, words in _FAMILIES))


@cache  # one object a family, whatever else was compiled in between
def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
