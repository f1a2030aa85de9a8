"""Step 1 in words: how much this market moves, and whether that is usual."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.steps.phrases import ENDINGS, RANGES, REGIMES, Ways
from shared.analyst.steps.points import (
    ASIDE,
    CONTEXT,
    Point,
    also,
    claim,
    compose,
    has,
    say,
    side_of,
    weigh,
)
from shared.domain.bias import SectionDraft

_WIDE_GAP_ATR = 0.5
_ESTIMATORS_APART = 1.3
_RARE_MOVE = 90


def write(facts: Facts) -> SectionDraft:
    """Draft the section on risk and range."""
    points = [*_range(facts), *_regime(facts), *_rank(facts), *_size(facts), *_gap(facts)]
    points += [*_estimators(facts), *_tail(facts), *_vix(facts)]
    return compose(facts, points, empty="Range and volatility cannot be read for {instrument}")


def _range(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "range_atr")
    if reading is None:
        return
    text, headline = _pick(facts, "range", RANGES[reading])
    moved = facts.number("move_percentile252")
    rare = moved is not None and moved >= _RARE_MOVE
    ending = say(facts, "ending", *ENDINGS)
    if rare:
        ending += ", a move larger than {move_percentile252} of the past year's"
    weight = max(weigh(facts, "range_atr"), 1.0 + (moved or 0) / 100 if rare else 0.0)
    yield Point(
        weight,
        f"{text}{also(facts, ending)}.",
        (claim("range_atr", reading),),
        f"{headline}{also(facts, ' and a close of {day_change}')}",
        _after_a_wide_day(facts) if reading == "high" else None,
    )


def _after_a_wide_day(facts: Facts) -> str:
    return say(
        facts,
        "wide",
        "After {range_atr} in a day, levels of the day before lie far off; the session's own "
        "prices count first.",
        "A day of {range_atr} is often followed by another busy one: keep size to {atr14} a day.",
        "Wide days come in clusters; {range_atr} may not be the last of them.",
    )


def _pick(facts: Facts, key: str, ways: Ways) -> tuple[str, str]:
    """Choose text and headline apart, so that they rarely come as the same pair."""
    return say(facts, key, *ways.texts), say(facts, f"{key}/headline", *ways.headlines)


def _regime(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "regime_ratio")
    if reading is None:
        return
    text, headline = _pick(facts, "regime", REGIMES[reading])
    risk = None
    if reading == "high":
        risk = say(
            facts,
            "stops",
            "Stops sized on a calmer month sit too close: a usual day now spans {atr14}.",
            "With a usual day at {atr14}, the distances of a calmer month are noise.",
            "Position sizes of a quiet month carry more risk now that a day spans {atr14}.",
        )
    weight, claims = weigh(facts, "regime_ratio") * 0.8, (claim("regime_ratio", reading),)
    yield Point(weight, f"{text}.", claims, headline, risk)


def _rank(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "vol_percentile252")
    if reading is None or not has(facts, "realized_vol20"):
        return
    ranges = ""
    if band(facts, "atr_percentile252") not in {reading, None}:
        ranges = ", while daily ranges rank above {atr_percentile252}"
    extreme = {0: "below", 100: "above"}.get(round(facts.number("vol_percentile252") or 50))
    beyond = f"No reading of the past year lies {extreme} today's volatility of {{realized_vol20}}."
    yield Point(
        weight=weigh(facts, "vol_percentile252"),
        text=beyond
        if extreme
        else say(
            facts,
            "rank",
            "Yearly volatility of {realized_vol20} ranks above {vol_percentile252} of the past "
            f"year's readings{ranges}.",
            "At {realized_vol20} a year, volatility is higher than on {vol_percentile252} of the "
            f"days of the past year{ranges}.",
            "{vol_percentile252} of the past year's readings of volatility lie below today's "
            f"{{realized_vol20}}{ranges}.",
        ),
        claims=(claim("vol_percentile252", reading),),
        headline=say(
            facts,
            "rank/headline",
            "volatility above {vol_percentile252} of the past year's",
            "{instrument} at a yearly volatility of {realized_vol20}",
            "a volatility of {realized_vol20} a year",
        ),
        risk=say(
            facts,
            "quiet",
            "Quiet stretches end without notice; size for more than {atr14} a day.",
            "A rank of {vol_percentile252} says how quiet it was, not how long it stays so.",
        )
        if reading == "low"
        else None,
    )


def _size(facts: Facts) -> Iterator[Point]:
    yield Point(
        weight=CONTEXT,
        text=say(
            facts,
            "size",
            "A usual day spans {atr14}, which is {atr_pct} of the price.",
            "Count on about {atr14} a day ({atr_pct} of the price).",
            "The average true range is {atr14}, or {atr_pct} of the last close.",
        ),
        claims=(claim("atr14", "positive"),),
        headline=say(
            facts,
            "size/headline",
            "a usual day of {instrument} spans {atr14}",
            "count on {atr14} a day",
            "{atr_pct} of the price is a usual day",
        ),
    )


def _gap(facts: Facts) -> Iterator[Point]:
    gap, rare = facts.number("gap_atr"), facts.number("gap_p95")
    if gap is None or abs(gap) < _WIDE_GAP_ATR:
        return
    beyond = rare is not None and abs(gap) > rare
    usual = ", more than on all but the widest gaps of the past year ({gap_p95})" if beyond else ""
    yield Point(
        weight=1.5 if beyond else abs(gap) / _WIDE_GAP_ATR * 0.7,
        text=f"It opened {{gap_atr}} away from the close before{usual}.",
        claims=(claim("gap_atr", side_of(gap)),),
        headline=say(facts, "gap", "an opening gap of {gap_atr}", "a gap of {gap_atr} at the open"),
        risk=say(
            facts,
            "gap/risk",
            "A gap of {gap_atr} jumps over stops that rest in the market.",
            "Stops do not fill inside a gap; {gap_atr} was crossed without a trade.",
        ),
    )


def _estimators(facts: Facts) -> Iterator[Point]:
    """Closes and ranges measure the same volatility; where they differ, the difference tells."""
    closes, ranges = facts.number("realized_vol20"), facts.number("parkinson_vol20")
    if not closes or not ranges:
        return
    gaps = also(facts, "; with gaps counted it is {yang_zhang_vol20}")
    if closes / ranges >= _ESTIMATORS_APART:
        yield Point(
            weight=closes / ranges / _ESTIMATORS_APART * 0.8,
            text="Closes vary more ({realized_vol20} a year) than the days' ranges suggest "
            f"({{parkinson_vol20}}): much of the movement happens between sessions{gaps}.",
            claims=(claim("realized_vol20", "above", "parkinson_vol20"),),
            headline=say(
                facts,
                "apart",
                "much of the movement happens between sessions",
                "closes jump further than sessions range",
            ),
            risk="Overnight moves are a large part of the risk: closes vary by {realized_vol20} a "
            "year, sessions by {parkinson_vol20}.",
        )
    elif ranges / closes >= _ESTIMATORS_APART:
        yield Point(
            weight=ranges / closes / _ESTIMATORS_APART * 0.8,
            text="Days travel further ({parkinson_vol20} a year by their ranges) than their closes "
            f"keep ({{realized_vol20}}): moves are given back within the session{gaps}.",
            claims=(claim("realized_vol20", "below", "parkinson_vol20"),),
            headline=say(
                facts,
                "kept",
                "moves are given back within the day",
                "days travel but do not arrive",
            ),
        )


def _tail(facts: Facts) -> Iterator[Point]:
    change, limit = facts.number("day_change"), facts.number("var95")
    if change is None or limit is None:
        return
    tail = "on the worst {tail_days} of the last 500 days it lost {es95} on average"
    if limit > 0 and -change > limit:
        yield Point(
            weight=1.9,
            text=f"The fall of {{day_change}} belongs to the tail, which begins at a loss of "
            f"{{var95}}; {tail}.",
            claims=(claim("day_change", "negative"), claim("var95", "positive")),
            headline="a day of the tail, {day_change}",
            risk="Tail days crowd together: {es95} is their average, not their end.",
        )
    elif limit > 0:
        yield Point(
            weight=ASIDE,
            text=say(
                facts,
                "tail",
                f"For scale: {tail}, and a loss of {{var95}} opens that tail.",
                "The tail of the last 500 days begins at a loss of {var95} and averages {es95} "
                "over its {tail_days} worst.",
            ),
            claims=(claim("var95", "positive"),),
            headline=say(
                facts, "tail/headline", "bad days cost {es95}", "the tail begins at {var95}"
            ),
        )


def _vix(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "vix")
    if reading is None:
        return
    word = {"high": "dear", "low": "cheap", "normal": "ordinary"}[reading]
    tie = band(facts, "vix_correlation60")
    link = also(facts, "; the correlation of this market with it is {vix_correlation60}")
    weight = min(weigh(facts, "vix"), 1.5) * CONTEXT
    yield Point(
        weight=weight * (0.5 if tie == "normal" else 1),
        text=f"Index options are {word}: the VIX closed at {{vix}}, {{vix_change}} on the "
        f"day{link}.",
        claims=(claim("vix", reading),),
        headline=f"options are {word} with the VIX at {{vix}}",
    )
