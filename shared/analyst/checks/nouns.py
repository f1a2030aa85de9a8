"""What a text calls a value: "RSI 14 at {adx14}" would pass one reading off as another."""

import re
from collections.abc import Iterator
from functools import lru_cache

from shared.analyst.checks.prose import KEPT, Prose
from shared.analyst.checks.violation import Kind, Violation

# A noun, and the names that may be called so.
_NOUNS: tuple[tuple[str, str], ...] = (
    (r"RSI(?: 14)?", r"rsi14"),
    (r"money flow index", r"mfi14"),
    (r"ADX(?: 14)?", r"adx14|(?:plus|minus)_di14"),
    (r"MACD", r"macd\w*"),
    (r"VIX", r"vix\w*"),
    (r"VIX(?: (?!correlation)\w+){0,3} at", r"vix"),
    (r"ATR(?: 14)?|average true range", r"atr\w*|true_range|\w*_atr|\w+_distance"),
    (r"20-day mean", r"sma20\w*|breadth20"),
    (r"50-day mean", r"sma50\w*|breadth50"),
    (r"200-day mean", r"sma200\w*"),
    (r"20-day range", r"donchian20"),
    (r"55-day range", r"donchian55"),
    (r"point of control|POC", r"(?:session_)?poc\w*"),
    (r"value area", r"va[lh]|session_va[lh]|value_position"),
    (r"(?:upper|higher) (?:Bollinger )?band", r"bollinger_(?:upper|position|width)"),
    (r"lower (?:Bollinger )?band", r"bollinger_(?:lower|position|width)"),
    (r"(?:upper|lower) (?:Bollinger )?band at", r"bollinger_(?:upper|lower)"),
    (r"Bollinger bands?", r"bollinger_\w+"),
    (r"resistance (?:at|near|of|lies|is)", r"resistance\w*"),
    (r"support (?:at|near|of|lies|is)", r"support\w*"),
    (r"minus DI", r"minus_di14"),
    (r"plus DI", r"plus_di14"),
    (r"correlation", r"\w*correlation\w*"),
    (r"beta", r"leader_beta\w*"),
    (r"breadth", r"breadth\w*"),
    (r"dispersion", r"leader_dispersion"),
    (r"yearly volatility", r"\w+_vol20|vol_percentile252"),
    (r"volume", r"volume_z60|obv_slope20|day_change"),
    (r"gap", r"gap_\w+"),
    (r"prior high", r"prior_high"),
    (r"prior low", r"prior_low"),
    (r"prior close", r"prior_close|gap_\w+|day_change"),  # "differs from the prior close by …"
    (r"(?:prior|last) week's high", r"prior_week_high"),
    (r"(?:prior|last) week's low", r"prior_week_low"),
    (r"(?:prior|last) month's high", r"prior_month_high"),
    (r"(?:prior|last) month's low", r"prior_month_low"),
    (r"VWAP", r"\w*vwap\w*"),
    (r"lift", r"lift"),
    (r"ranks?(?: \w+){0,2} (?:above|over|higher than)", r"\w+_percentile252"),
)
_LINK = (
    r"(?: (?:at|of|is|reads|stands|stood|remains|stays|only|just|near|by|was|still|lies|sits|now"
    r"|low|high|elevated|weak|strong|overbought|oversold|stretched|subdued|modest|firm|normal"
    r"|closed|ended|cheap|calm|quiet|already|even|down|up|rose|fell|rises|falls|gained))*"
    r",? \(?"
)
_YEAR = r"of (?:the|its|all|this) (?:past|last|previous) year"
_MEAN = r"(?:above|below|over|under|beneath|beyond|from) (?:the|its|their) {}-day (?:mean|average)"
# A phrase behind a value, and the names that it may follow.
_BEHIND: tuple[tuple[str, str], ...] = (
    (_YEAR, r"\w+_percentile252"),
    (_MEAN.format(20), r"sma20_distance|breadth20"),
    (_MEAN.format(50), r"sma50_distance|breadth50"),
    (_MEAN.format(200), r"sma200_distance"),
    (r"(?:above|below|over|under|from) the point of control", r"(?:session_)?poc_distance"),
    (r"from the prior close", r"gap_atr|day_change"),
    (r"(?:High|Medium|such)(?:[- ]impact)? releases?", r"(?:high|medium)_(?:today|tomorrow)"),
    (r"releases\b", r"(?:high|medium)_(?:today|tomorrow)|\w+_today"),
    (r"(?:away|ahead|from now|to go)\b", r"hours_to_high|gap_atr|\w+_(?:distance|age)"),
    (r"of (?:them|the leaders|the field)\b", r"breadth\w*"),
)
_FOLLOWED = tuple(
    (re.compile(rf"\{{([a-z0-9_]+)\}} (?:{phrase})", re.IGNORECASE), re.compile(names))
    for phrase, names in _BEHIND
)
_AFTER_A_COMMA = re.compile(r"mean, \{")  # there begins another thing
_CALLED = tuple(
    (
        re.compile(rf"\b(?:{noun}){_LINK}\{{([a-z0-9_]+)\}}", re.IGNORECASE),
        re.compile(names),
    )
    for noun, names in _NOUNS
)


@lru_cache(maxsize=KEPT)
def check(prose: Prose) -> tuple[Violation, ...]:
    """List every value that stands directly behind or before another value's noun."""
    return tuple(_faults(prose))


def _faults(prose: Prose) -> Iterator[Violation]:
    for called, names in _CALLED:
        for match in called.finditer(prose.text):
            if _AFTER_A_COMMA.search(match.group()):
                continue
            if not any(names.fullmatch(name) for name in _row(match.group(1), prose, match.end())):
                text = f"{match.group()!r} calls {match.group(1)} by another reading's name"
                yield Violation(Kind.UNKNOWN_NAME, text)
    for followed, names in _FOLLOWED:
        for match in followed.finditer(prose.text):
            if not names.fullmatch(match.group(1)):
                text = f"{match.group()!r} calls {match.group(1)} by another reading's name"
                yield Violation(Kind.UNKNOWN_NAME, text)


def _row(first: str, prose: Prose, end: int) -> Iterator[str]:
    """List a value and those that stand in one bracket with it: "means ({a} and {b})"."""
    yield first
    if prose.text[:end].rstrip("{}abcdefghijklmnopqrstuvwxyz0123456789_").endswith("("):
        row = re.match(r"(?:(?:,| and|, and) \{[a-z0-9_]+\})+(?=\))", prose.text[end:])
        yield from re.findall(r"\{([a-z0-9_]+)\}", row.group()) if row else ()
