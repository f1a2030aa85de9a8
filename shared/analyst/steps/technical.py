"""Step 5 in words: trend, momentum and the levels that prices have respected."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.steps import levels
from shared.analyst.steps.points import Point, also, claim, compose, say, side_of, weigh
from shared.domain.bias import SectionDraft

_PERIODS = (20, 50, 200)
_SLOPE_ATR = 0.2  # a mean that moves less in a week is flat
_SWINGS = {
    "higher highs and higher lows": (0.8, "the swings keep their direction"),
    "lower highs and lower lows": (0.8, "the swings keep their direction"),
    "higher highs and lower lows": (0.9, "a range that widens, without direction"),
    "lower highs and higher lows": (0.9, "a coil, without direction"),
}


def write(facts: Facts) -> SectionDraft:
    """Draft the section on trend and levels."""
    points = [*_means(facts), *_rsi(facts), *_macd(facts), *_strength(facts), *_swings(facts)]
    points += [*_bands(facts), *_range(facts), *levels.nearest(facts), *levels.spans(facts)]
    return compose(facts, points, empty="Trend and levels cannot be read for {instrument}")


def _means(facts: Facts) -> Iterator[Point]:
    distances = {p: facts.number(f"sma{p}_distance") for p in _PERIODS}
    known = {p: d for p, d in distances.items() if d}
    if not known:
        return
    parts = [f"{_side(d)} the {p}-day mean ({{sma{p}_distance}})" for p, d in known.items()]
    claims = tuple(claim(f"sma{p}_distance", side_of(d)) for p, d in known.items())
    sides = {_side(d) for d in known.values()}
    text = f"The close stands {', '.join(parts)}{_slopes(facts)}."
    if len(sides) == 1:
        side = sides.pop()
        whole = len(known) == len(_PERIODS)
        headline = say(
            facts,
            "means",
            f"{{instrument}} stands {side} {'all its means' if whole else 'the means at hand'}",
            f"a close {side} {'every mean' if whole else 'the means at hand'}",
            f"the trend is intact, {side} {'all means' if whole else 'the means at hand'}",
        )
        yield Point(0.95 if whole else 0.85, text, claims, headline)
        return
    short = known.get(20)
    word = "" if short is None else f"short of them it is {_side(short)}"
    headline = say(
        facts,
        "mixed",
        "the means disagree: short and long trend point apart",
        f"caught between its means, {word}" if word else "caught between its means",
        "no common trend in the means",
    )
    yield Point(0.9, text, claims, headline)


def _slopes(facts: Facts) -> str:
    slope = facts.number("sma50_slope")
    if not slope or abs(slope) < _SLOPE_ATR:
        return ""
    return f"; the middle one has {'risen' if slope > 0 else 'fallen'} by {{sma50_slope}} in a week"


def _side(value: float) -> str:
    return "above" if value > 0 else "below"


def _rsi(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "rsi14")
    if reading is None:
        return
    claims = (claim("rsi14", reading),)
    if reading == "normal":
        text = say(
            facts,
            "rsi",
            "RSI 14 reads {rsi14}, neither extreme.",
            "At {rsi14} RSI 14 leaves room on both sides.",
            "RSI 14 at {rsi14} gives no warning.",
        )
        yield Point(weigh(facts, "rsi14") * 0.8, text, claims, "RSI 14 reads {rsi14}")
        return
    word, move, fade = {
        "high": ("overbought", "advance", "fade"),
        "low": ("oversold", "decline", "buy weakness"),
    }[reading]
    text = say(
        facts,
        "rsi",
        f"RSI 14 at {{rsi14}} is {word}: the {move} is stretched.",
        f"The {move} has carried RSI 14 to {{rsi14}}, {word} by its usual reading.",
        f"With RSI 14 at {{rsi14}} the market is {word}.",
    )
    headline = say(
        facts,
        "rsi/headline",
        f"{word} at an RSI 14 of {{rsi14}}",
        f"a stretched {move} (RSI 14 at {{rsi14}})",
        f"{{instrument}} is {word}",
    )
    risk = say(
        facts,
        "rsi/risk",
        f"A market can stay {word} for weeks in a trend; {{rsi14}} alone is no reason to {fade}.",
        f"A reading of {{rsi14}} says how fast the {move} was, not that it is over.",
    )
    yield Point(weigh(facts, "rsi14"), text, claims, headline, risk)


def _macd(facts: Facts) -> Iterator[Point]:
    histogram = facts.number("macd_histogram")
    if not histogram:
        return
    side = _side(histogram)
    text = say(
        facts,
        "macd",
        f"Momentum by MACD is {side} its signal line ({{macd_histogram}}).",
        f"MACD stands {side} its signal by {{macd_histogram}}.",
        f"The faster mean {'gains on' if histogram > 0 else 'loses to'} the slower one "
        "(MACD against its signal {macd_histogram}).",
    )
    weight = min(abs(histogram) / 0.3, 1.2) * 0.7
    claims = (claim("macd_histogram", side_of(histogram)),)
    yield Point(weight, text, claims, f"MACD is {side} its signal ({{macd_histogram}})")


def _strength(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "adx14")
    plus, minus = facts.number("plus_di14"), facts.number("minus_di14")
    if reading is None or plus is None or minus is None or plus == minus:
        return
    side, relation = ("upward", "above") if plus > minus else ("downward", "below")
    words = {
        "high": f"a trend worth the name, and it points {side}",
        "low": "no trend worth the name",
        "normal": f"a trend of middling strength, {side} if anything",
    }[reading]
    yield Point(
        weight=weigh(facts, "adx14") * 0.6,
        text=say(
            facts,
            "adx",
            f"ADX 14 at {{adx14}} tells of {words} ({{plus_di14}} up against {{minus_di14}} down).",
            f"Direction weighs {{plus_di14}} up against {{minus_di14}} down; ADX 14 at {{adx14}} "
            f"means {words}.",
        ),
        claims=(claim("adx14", reading), claim("plus_di14", relation, "minus_di14")),
        headline=say(
            facts,
            "adx/headline",
            f"{'a strong' if reading == 'high' else 'a weak' if reading == 'low' else 'some'} "
            "trend by ADX 14 ({adx14})",
            f"direction points {side}",
        ),
        risk="With ADX 14 at {adx14}, breakouts find little following."
        if reading == "low"
        else None,
    )


def _swings(facts: Facts) -> Iterator[Point]:
    state = facts.word("swing_state")
    if state not in _SWINGS:
        return
    weight, what = _SWINGS[state]
    place = also(facts, " ({donchian55} up the 55-day range)")
    yield Point(
        weight=weight,
        text=say(
            facts,
            "swings",
            f"The last swings made {{swing_state}}: {what}{place}.",
            f"Confirmed swings show {{swing_state}}{place}; {what}.",
        ),
        claims=(),
        headline=say(facts, "swings/headline", "{swing_state}", "swings of {swing_state}"),
    )


def _bands(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "bollinger_position")
    if reading not in {"high", "low"}:
        return
    name, beyond = ("upper", "over") if reading == "high" else ("lower", "under")
    close, edge = facts.number("last_close"), facts.number(f"bollinger_{name}")
    if close is None or edge is None or (close <= edge if reading == "high" else close >= edge):
        return  # a position that was rounded up to the band
    yield Point(
        weight=min(weigh(facts, "bollinger_position"), 1.6),
        text=f"It closed {beyond} the {name} Bollinger band at {{bollinger_{name}}}"
        f"{also(facts, '; the bands are {bollinger_width} apart')}.",
        claims=(claim("bollinger_position", reading),),
        headline=say(
            facts,
            "bands",
            f"a close {beyond} the {name} band ({{bollinger_{name}}})",
            f"{beyond} the {name} band",
        ),
        risk=f"A close back inside {{bollinger_{name}}} would end the thrust.",
    )


def _range(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "donchian20")
    if reading is None:
        return
    longer = {"high": "upper", "low": "lower", "normal": "middle"}
    where = longer[reading]
    wider = also(facts, "; of the 55-day range it is {donchian55}")
    yield Point(
        weight=weigh(facts, "donchian20") * 0.6,
        text=say(
            facts,
            "range",
            f"It closed in the {where} part of its 20-day range ({{donchian20}} of the way up)"
            f"{wider}.",
            f"The close lies {{donchian20}} up its 20-day range{wider}.",
        ),
        claims=(claim("donchian20", reading),),
        headline=say(
            facts,
            "range/headline",
            f"in the {where} part of the 20-day range",
            "{donchian20} up its 20-day range",
        ),
    )
