"""Step 5 in words: trend, momentum and the levels that prices have respected."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import NEAR_ATR, band
from shared.analyst.steps.points import ASIDE, CONTEXT, Point, claim, compose, has, weigh
from shared.domain.bias import SectionDraft

_PERIODS = (20, 50, 200)


def write(facts: Facts) -> SectionDraft:
    """Draft the section on trend and levels."""
    points = [*_means(facts), *_rsi(facts), *_macd(facts), *_range(facts)]
    points += [*_levels(facts), *_week(facts)]
    return compose(points, empty="Trend and levels cannot be read for {instrument}")


def _means(facts: Facts) -> Iterator[Point]:
    distances = {p: facts.number(f"sma{p}_distance") for p in _PERIODS}
    known = {p: d for p, d in distances.items() if d}
    if not known:
        return
    parts = [f"{_side(d)} the {p}-day mean ({{sma{p}_distance}})" for p, d in known.items()]
    claims = [claim(f"sma{p}_distance", _sign(d)) for p, d in known.items()]
    sides = {_side(d) for d in known.values()}
    if len(sides) == 1 and len(known) == len(_PERIODS):
        headline, weight = f"Trend intact: the close stands {sides.pop()} all its means", 1.1
    elif len(sides) == 1:
        headline, weight = f"The close stands {sides.pop()} the means at hand", 0.9
    else:
        headline, weight = "The means disagree: short and long trend point apart", 1.0
    yield Point(weight, f"The close stands {', '.join(parts)}.", tuple(claims), headline)


def _side(value: float) -> str:
    return "above" if value > 0 else "below"


def _sign(value: float) -> str:
    return "positive" if value > 0 else "negative"


def _rsi(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "rsi14")
    if reading is None:
        return
    text, headline, risk = {
        "high": (
            "RSI 14 at {rsi14} is overbought: the advance is stretched.",
            "Stretched upward: RSI 14 at {rsi14} is overbought",
            "Overbought can stay so for weeks in a trend; by itself it is no reason to fade.",
        ),
        "low": (
            "RSI 14 at {rsi14} is oversold: the decline is stretched.",
            "Stretched downward: RSI 14 at {rsi14} is oversold",
            "Oversold can stay so for weeks in a trend; by itself it is no reason to buy weakness.",
        ),
        "normal": ("RSI 14 reads {rsi14}, neither extreme.", "RSI 14 reads {rsi14}", None),
    }[reading]
    yield Point(weigh(facts, "rsi14"), text, (claim("rsi14", reading),), headline, risk)


def _macd(facts: Facts) -> Iterator[Point]:
    histogram = facts.number("macd_histogram")
    if histogram:
        text = f"Momentum by MACD is {_side(histogram)} its signal line ({{macd_histogram}})."
        claims = (claim("macd_histogram", _sign(histogram)),)
        weight = min(abs(histogram) / 0.3, 1.2) * 0.7
        yield Point(weight, text, claims, text.rstrip("."))


def _range(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "donchian20")
    if reading is None:
        return
    where = {"high": "at the upper end", "low": "at the lower end", "normal": "in the middle part"}
    text = f"It closed {where[reading]} of its 20-day range ({{donchian20}} of the way up)."
    claims = (claim("donchian20", reading),)
    weight = weigh(facts, "donchian20") * 0.8
    yield Point(weight, text, claims, text.rstrip("."))


def _levels(facts: Facts) -> Iterator[Point]:
    sides = [
        (name, word)
        for name, word in (("resistance", "above"), ("support", "below"))
        if has(facts, name, f"{name}_distance", "last_close")
    ]
    if not sides:
        return
    parts = [f"{name} at {{{name}}}, {{{name}_distance}} {word} the close" for name, word in sides]
    claims = [claim(n, w, "last_close") for n, w in sides if facts.number(f"{n}_distance")]
    near = [name for name, _ in sides if (facts.number(f"{name}_distance") or 0) <= NEAR_ATR]
    text = "; ".join(parts)
    yield Point(
        weight=1.3 if near else CONTEXT,
        text=f"{text[0].upper()}{text[1:]}.",
        claims=tuple(claims),
        headline=f"Close to {near[0]}: {{{near[0]}}} is {{{near[0]}_distance}} away"
        if near
        else f"Room to move: {text}",
        risk=f"{near[0].capitalize()} at {{{near[0]}}} is within a usual half-day's reach."
        if near
        else None,
    )


def _week(facts: Facts) -> Iterator[Point]:
    close = facts.number("last_close")
    high, low = facts.number("prior_week_high"), facts.number("prior_week_low")
    if close is None or high is None or low is None:
        return
    if close > high:
        text = "The close is beyond the prior week's high of {prior_week_high}."
        yield Point(0.9, text, (claim("last_close", "above", "prior_week_high"),), text[:-1])
    elif close < low:
        text = "The close is beyond the prior week's low of {prior_week_low}."
        yield Point(0.9, text, (claim("last_close", "below", "prior_week_low"),), text[:-1])
    else:
        text = (
            "It still trades within the prior week's range, {prior_week_low} to {prior_week_high}."
        )
        yield Point(ASIDE, text, (), text[:-1])
