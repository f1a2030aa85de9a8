"""Markets, releases, people, levels and indicators: what a text names must be in the snapshot."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from shared.analyst.checks.prose import KEPT, Prose, negated
from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts
from shared.market.registry import load_instruments

# Words for markets, and the instruments that may be called so.
_MARKETS: tuple[tuple[str, frozenset[str]], ...] = (
    (r"S&P|SPDR|SPX", frozenset({"ES", "SPY"})),
    (r"Nasdaq|NDX|Invesco", frozenset({"NQ", "QQQ"})),
    (r"Dow(?: Jones)?|DJIA|DIA", frozenset({"YM"})),
    (r"Russell|IWM|small caps?", frozenset({"RTY"})),
    (r"crude(?= oil| futures| prices)|(?:crude )?oil|WTI|Brent|USO", frozenset({"CL"})),
    (r"natural gas|natgas|Henry Hub|UNG", frozenset({"NG"})),
    (r"gold(?!en)|bullion|GLD", frozenset({"GC", "XAUUSD"})),
    (r"silver|SLV", frozenset({"SI"})),
    (r"copper|CPER", frozenset({"HG"})),
    (
        r"T-?notes?|Treasur(?:y|ies)|IEF|TLT|T-?bonds?|bond (?:market|futures|prices)",
        frozenset({"ZN", "ZB"}),
    ),
    (r"euro(?: FX)?|FXE", frozenset({"6E", "EURUSD"})),
    (r"sterling|(?:British )?pound|cable|FXB", frozenset({"6B", "GBPUSD"})),
    (r"(?:Japanese )?yen|FXY", frozenset({"6J", "USDJPY"})),
    (r"bitcoin|BTC|ether(?:eum)?|crypto\w*", frozenset({"BTCUSD"})),
)
_LEADERS = {
    "AAPL": r"Apple|AAPL",
    "MSFT": r"Microsoft|MSFT",
    "GOOGL": r"Alphabet|Google|GOOGL?",
    "AMZN": r"Amazon|AMZN",
    "META": r"Meta|Facebook|FB",
    "NVDA": r"Nvidia|NVDA",
    "TSLA": r"Tesla|TSLA",
}
# Words for a release, how its title in a calendar reads, and the flag that also proves it.
_RELEASES: tuple[tuple[str, str, str | None], ...] = (
    (
        r"CPI|consumer prices?|inflation (?:data|report|release|figures?|numbers?|print)",
        r"CPI|consumer price|inflation",
        "cpi_today",
    ),
    (
        r"payrolls?|NFP|jobs (?:report|data|number|day)|non-?farm",
        r"non-?farm|payroll",
        "payrolls_today",
    ),
    (
        r"FOMC|Federal Reserve|the Fed|Fed|Powell|federal funds",
        r"FOMC|federal funds|Fed |powell",
        "fomc_today",
    ),
    (
        r"ECB|European Central Bank|Lagarde|main refinancing",
        r"ECB|refinancing|lagarde",
        "ecb_today",
    ),
    (r"BOE|Bank of England|MPC|Bailey", r"BOE|MPC|official bank rate|bailey", "boe_today"),
    (r"BOJ|Bank of Japan|Ueda|Kuroda", r"BOJ|ueda|kuroda|policy rate", "boj_today"),
    (
        r"(?:rate|policy|bank) decisions?|rate (?:hikes?|cuts?|rises?)|central banks?",
        r"rate|FOMC|ECB|BOE|BOJ|RBA|BOC|SNB|RBNZ",
        "central_bank_today",
    ),
    (r"PPI|producer prices?", r"PPI|producer", None),
    (r"GDP|gross domestic product", r"GDP", None),
    (r"PMIs?|purchasing managers", r"PMI", None),
    (r"ISM", r"ISM", None),
    (r"retail sales", r"retail sales", None),
    (r"(?:jobless|unemployment) claims", r"claims", None),
    (r"unemployment(?: rate)?(?! claims)", r"unemployment|jobless", None),
    (r"PCE|personal consumption", r"PCE", None),
    (r"durable goods", r"durable", None),
    (r"housing starts|building permits|home sales", r"housing|building|home sales", None),
    (r"consumer (?:confidence|sentiment)", r"confidence|sentiment", None),
    (r"JOLTS|job openings", r"JOLTS|job openings", None),
    (r"ADP", r"ADP", None),
    (r"(?:oil|crude|gas|EIA|API) inventor(?:y|ies)|EIA|stockpiles", r"inventor|storage", None),
    (r"OPEC\+?", r"OPEC", None),
    (r"auctions?", r"auction", None),
    (r"(?:meeting|policy) minutes|beige book|jackson hole", r"minutes|beige|jackson", None),
    (
        r"(?:public|bank) holidays?|Christmas|Thanksgiving|Easter|(?:Memorial|Labor) Day",
        r"holiday|christmas|thanksgiving|easter|\bday\b",
        "holiday_today",
    ),
    (r"speech|testimony|testif\w+|press conference", r"speaks|testif|press conf", None),
)
# What only a text from outside can tell of; it must have been retrieved.
_REPORTED = re.compile(
    r"\b(?:earnings|tariffs?|shutdowns?|witching|rebalanc\w+|dividends?|elections?|wars?|sanctions?)\b",
    re.IGNORECASE,
)
# Prices that nothing here computes, and names of readings that nothing here has.
_NO_SUCH_LEVEL = re.compile(
    r"\b(?:fib(?:onacci|s)?|retracements?|trend ?lines?|pivots?(?: points?)?|round numbers?"
    r"|all-time|record (?:high|low|close)s?|opening range|overnight (?:high|low)|neckline"
    r"|initial balance|head and shoulders|wedge|pennant|gap fill|fair value gap|order blocks?"
    r"|supply zone|demand zone|(?:golden|death) cross|channel|multi-(?:day|week|month|year|decade)"
    r"|yearly (?:high|low)|year's (?:high|low)|session highs? of|swing (?:high|low)s? (?:at|of))\b",
    re.IGNORECASE,
)
_NO_SUCH_READING = re.compile(
    r"\b(?:stochastics?|CCI|ichimoku|EMA|put[-/ ]call|open interest|COT|gamma|delta|dark pools?"
    r"|order flow imbalance|short interest|funding rates?|implied volatility|skew|TRIN"
    r"|TICK(?! pressure)"
    r"|advance[-/ ]decline|Elliott|Gann|parabolic SAR|Keltner|Aroon|Williams|yield curve"
    r"|credit spreads?|dollar index|DXY|real yields?)\b",
    re.IGNORECASE,
)
# A level by its noun needs the value of that level.
_LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"support(?= (?:at|near|around|lies|sits|below|level|zone|area|cluster))", ("support",)),
    (r"resistance(?! to\b)", ("resistance",)),
    (r"point of control|POC", ("poc", "session_poc")),
    (r"value area|VAH|VAL", ("vah", "session_vah")),
    (r"VWAP", ("week_vwap", "session_vwap")),
    (r"Bollinger bands?|(?:upper|lower) band", ("bollinger_upper",)),
    (r"prior high", ("prior_high",)),
    (r"prior low", ("prior_low",)),
    (r"(?:prior|last) week's (?:high|low|range|close)", ("prior_week_high",)),
    (r"(?:prior|last) month's (?:high|low|range|close)", ("prior_month_high",)),
    (r"200-day mean|200-day average", ("sma200", "sma200_distance")),
)


def check(prose: Prose, facts: Facts) -> Iterator[Violation]:
    """Yield every name of a market, release, level or indicator that the snapshot does not hold."""
    yield from _markets(prose, facts)
    yield from _releases(prose, facts)
    yield from _levels(prose, facts)


def _markets(prose: Prose, facts: Facts) -> Iterator[Violation]:
    own, told = facts.word("instrument") or "", facts.told
    for match, symbols in _markets_in(prose):
        if own not in symbols and not _quoted(match.group(), told):
            yield Violation(Kind.INSTRUMENT, f"{match.group()!r} is another market than {own}")
    for symbol in _symbols().finditer(prose.own):
        if symbol.group().replace("/", "") != own and not _quoted(symbol.group(), told):
            yield Violation(Kind.INSTRUMENT, f"{symbol.group()!r} is another market than {own}")
    top = facts.word("top_leader")
    for match, leader in _leaders_in(prose):
        if leader != top:
            text = f"{match.group()!r} is not the leader that moved most: use {{top_leader}}"
            yield Violation(Kind.INSTRUMENT, text)


@lru_cache(maxsize=KEPT)
def _markets_in(prose: Prose) -> tuple[tuple[re.Match[str], frozenset[str]], ...]:
    return tuple((m, symbols) for words, symbols in _MARKETS for m in _find(words, prose.own))


@lru_cache(maxsize=KEPT)
def _leaders_in(prose: Prose) -> tuple[tuple[re.Match[str], str], ...]:
    return tuple((m, leader) for leader, words in _LEADERS.items() for m in _find(words, prose.own))


def _releases(prose: Prose, facts: Facts) -> Iterator[Violation]:
    told = facts.told
    for match, titles, flag in _releases_in(prose):
        there = bool((flag and facts.number(flag)) or _titled(titles).search(told))
        denied = negated(prose.own[: match.start()]) and facts.number("high_today") is not None
        if there is denied:
            what = "is in the calendar" if denied else "is not in this snapshot"
            yield Violation(Kind.EVENT, f"{match.group()!r} {what}")
    for match in _REPORTED.finditer(prose.own):
        if not _quoted(match.group(), told) and not _retrieved(match.group(), facts):
            yield Violation(Kind.EVENT, f"no text at hand speaks of {match.group()!r}")


@lru_cache(maxsize=KEPT)
def _releases_in(prose: Prose) -> tuple[tuple[re.Match[str], str, str | None], ...]:
    return tuple(
        (match, titles, flag)
        for words, titles, flag in _RELEASES
        for match in _find(words, prose.own)
    )


def _levels(prose: Prose, facts: Facts) -> Iterator[Violation]:
    if match := _NO_SUCH_LEVEL.search(prose.own):
        yield Violation(Kind.LEVEL, f"{match.group()!r} is no level of this snapshot")
    if match := _NO_SUCH_READING.search(prose.own):
        yield Violation(Kind.UNKNOWN_NAME, f"{match.group()!r} is not among the values")
    for match, names in _levels_in(prose):
        if any(name in facts and facts[name].value is not None for name in names):
            continue
        if not _said_to_lack(prose.own, match):
            yield Violation(Kind.LEVEL, f"{match.group()!r}: this snapshot holds no {names[0]}")


@lru_cache(maxsize=KEPT)
def _levels_in(prose: Prose) -> tuple[tuple[re.Match[str], tuple[str, ...]], ...]:
    found = ((next(_find(words, prose.own), None), names) for words, names in _LEVELS)
    return tuple((match, names) for match, names in found if match is not None)


_LACKS = re.compile(
    r"\b(?:missing|unknown|unavailable|cannot|lacks?|absent"
    r"|not (?:known|available|computed|at hand))\b"
)


def _said_to_lack(text: str, match: re.Match[str]) -> bool:
    return negated(text[: match.start()]) or _LACKS.search(text) is not None


def _find(words: str, text: str) -> Iterator[re.Match[str]]:
    return _whole(words).finditer(text)


@cache
def _whole(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})(?!\w)", re.IGNORECASE)


def _retrieved(word: str, facts: Facts) -> bool:
    return any(_quoted(word, f"{d.title} {d.text}") for d in facts.documents.values())


def _quoted(word: str, told: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", told, re.IGNORECASE) is not None


@cache
def _titled(titles: str) -> re.Pattern[str]:
    return re.compile(titles, re.IGNORECASE)


@cache
def _symbols() -> re.Pattern[str]:
    known = "|".join(re.escape(symbol) for symbol in load_instruments())
    return re.compile(rf"(?<![\w/])(?:{known}|EUR/USD|GBP/USD|USD/JPY)\b")
