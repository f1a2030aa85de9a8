"""What a text calls a value: "RSI 14 at {adx14}" would pass one reading off as another."""

import re
from collections.abc import Iterator

from shared.analyst.checks.prose import Prose
from shared.analyst.checks.violation import Kind, Violation

# A noun, and the names that may be called so.
_NOUNS: tuple[tuple[str, str], ...] = (
    (r"RSI(?: 14)?", r"rsi14"),
    (r"money flow index", r"mfi14"),
    (r"ADX(?: 14)?", r"adx14|(?:plus|minus)_di14"),
    (r"MACD", r"macd\w*"),
    (r"VIX", r"vix\w*"),
    (r"ATR(?: 14)?|average true range", r"atr\w*|true_range|\w*_atr|\w+_distance"),
    (r"20-day mean", r"sma20\w*|breadth20"),
    (r"50-day mean", r"sma50\w*|breadth50"),
    (r"200-day mean", r"sma200\w*"),
    (r"20-day range", r"donchian20"),
    (r"55-day range", r"donchian55"),
    (r"point of control|POC", r"(?:session_)?poc\w*"),
    (r"value area", r"va[lh]|session_va[lh]|value_position"),
    (r"(?:upper|lower) (?:Bollinger )?band|Bollinger bands?", r"bollinger_\w+"),
    (r"correlation", r"\w*correlation\w*"),
    (r"beta", r"leader_beta\w*"),
    (r"breadth", r"breadth\w*"),
    (r"dispersion", r"leader_dispersion"),
    (r"yearly volatility", r"\w+_vol20|vol_percentile252"),
    (r"volume", r"volume_z60|obv_slope20|day_change"),
    (r"gap", r"gap_\w+"),
    (r"prior high", r"prior_high"),
    (r"prior low", r"prior_low"),
    (r"prior close", r"prior_close"),
    (r"(?:prior|last) week's high", r"prior_week_high"),
    (r"(?:prior|last) week's low", r"prior_week_low"),
    (r"(?:prior|last) month's high", r"prior_month_high"),
    (r"(?:prior|last) month's low", r"prior_month_low"),
    (r"VWAP", r"\w*vwap\w*"),
    (r"lift", r"lift"),
)
_LINK = (
    r"(?: (?:at|of|is|reads|stands|stood|remains|stays|only|just|near|by|was|still|lies|sits))*"
    r",? \(?"
)
_AFTER_A_COMMA = re.compile(r"mean, \{")  # there begins another thing
_CALLED = tuple(
    (
        re.compile(rf"\b(?:{noun}){_LINK}\{{([a-z0-9_]+)\}}", re.IGNORECASE),
        re.compile(names),
    )
    for noun, names in _NOUNS
)


def check(prose: Prose) -> Iterator[Violation]:
    """Yield every value that stands directly behind another value's noun."""
    for called, names in _CALLED:
        for match in called.finditer(prose.text):
            if _AFTER_A_COMMA.search(match.group()):
                continue
            if not names.fullmatch(match.group(1)):
                text = f"{match.group()!r} calls {match.group(1)} by another reading's name"
                yield Violation(Kind.UNKNOWN_NAME, text)
