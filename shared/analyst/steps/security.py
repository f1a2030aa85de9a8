"""Step 1 in words: how much this market moves, and whether that is usual."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.steps.points import CONTEXT, Point, claim, compose, has, weigh
from shared.domain.bias import SectionDraft

_WIDE_GAP_ATR = 0.5
_ESTIMATORS_APART = 1.3

_RANGES = {
    "high": (
        "The last session was wide: it spanned {range_atr} and closed {day_change}.",
        "A wide session lies behind: {range_atr} from end to end, closed {day_change}",
    ),
    "low": (
        "The last session was narrow: it spanned only {range_atr} and closed {day_change}.",
        "A narrow session lies behind: {range_atr}, closed {day_change}",
    ),
    "normal": (
        "The last session was of ordinary size: {range_atr}, closed {day_change}.",
        "An ordinary session lies behind: {range_atr}, closed {day_change}",
    ),
}
_REGIMES = {
    "high": (
        (
            "Volatility of the last week stands above its 60-day norm ({regime_ratio} on a log "
            "scale): the market is livelier than usual."
        ),
        "Livelier than usual: the last week moved more than its 60-day norm ({regime_ratio})",
    ),
    "low": (
        (
            "Volatility of the last week stands below its 60-day norm ({regime_ratio} on a log "
            "scale): the market is calmer than usual."
        ),
        "Calmer than usual: the last week moved less than its 60-day norm ({regime_ratio})",
    ),
    "normal": (
        (
            "Volatility of the last week is in line with its 60-day norm ({regime_ratio} on a log "
            "scale)."
        ),
        "Volatility is in line with its 60-day norm ({regime_ratio})",
    ),
}


def write(facts: Facts) -> SectionDraft:
    """Draft the section on risk and range."""
    points = [*_range(facts), *_regime(facts), *_rank(facts), *_size(facts), *_gap(facts)]
    points += [*_estimators(facts), *_vix(facts)]
    return compose(points, empty="Range and volatility cannot be read for {instrument}")


def _range(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "range_atr")
    if reading and has(facts, "day_change"):
        text, headline = _RANGES[reading]
        yield Point(weigh(facts, "range_atr"), text, (claim("range_atr", reading),), headline)


def _regime(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "regime_ratio")
    if reading:
        text, headline = _REGIMES[reading]
        risk = None
        if reading == "high" and has(facts, "atr14"):
            risk = "Stops sized on a calmer month sit too close: a usual day now spans {atr14}."
        weight, claims = weigh(facts, "regime_ratio"), (claim("regime_ratio", reading),)
        yield Point(weight, text, claims, headline, risk)


def _rank(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "vol_percentile252")
    if reading is None or not has(facts, "realized_vol20"):
        return
    yield Point(
        weight=weigh(facts, "vol_percentile252"),
        text="Yearly volatility of {realized_vol20} ranks above {vol_percentile252} of the past "
        "year's readings.",
        claims=(claim("vol_percentile252", reading),),
        headline="Volatility of {realized_vol20} ranks above {vol_percentile252} of the past year",
        risk="Quiet stretches end without notice; size for more than the last month showed."
        if reading == "low"
        else None,
    )


def _size(facts: Facts) -> Iterator[Point]:
    if has(facts, "atr14", "atr_pct"):
        yield Point(
            weight=CONTEXT,
            text="A usual day spans {atr14}, which is {atr_pct} of the price.",
            claims=(claim("atr14", "positive"),),
            headline="A usual day of {instrument} spans {atr14} ({atr_pct})",
        )


def _gap(facts: Facts) -> Iterator[Point]:
    gap = facts.number("gap_atr")
    if gap is not None and abs(gap) >= _WIDE_GAP_ATR:
        yield Point(
            weight=abs(gap) / _WIDE_GAP_ATR,
            text="It opened {gap_atr} away from the close before.",
            claims=(claim("gap_atr", "positive" if gap > 0 else "negative"),),
            headline="The last session began with a gap of {gap_atr}",
            risk="Gaps of this size jump over stops that rest in the market.",
        )


def _estimators(facts: Facts) -> Iterator[Point]:
    """Closes and ranges measure the same volatility; where they differ, the difference tells."""
    closes, ranges = facts.number("realized_vol20"), facts.number("parkinson_vol20")
    if not closes or not ranges:
        return
    if closes / ranges >= _ESTIMATORS_APART:
        yield Point(
            weight=closes / ranges / _ESTIMATORS_APART,
            text="Closes vary more ({realized_vol20} a year) than the days' ranges suggest "
            "({parkinson_vol20}): much of the movement happens between sessions.",
            claims=(claim("realized_vol20", "above", "parkinson_vol20"),),
            headline="Much of the movement happens between sessions",
            risk="Overnight moves are a large part of the risk here.",
        )
    elif ranges / closes >= _ESTIMATORS_APART:
        yield Point(
            weight=ranges / closes / _ESTIMATORS_APART,
            text="Days travel further ({parkinson_vol20} a year by their ranges) than their closes "
            "keep ({realized_vol20}): moves are given back within the session.",
            claims=(claim("realized_vol20", "below", "parkinson_vol20"),),
            headline="Moves are given back within the session",
        )


def _vix(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "vix")
    if reading and has(facts, "vix_change"):
        word = {"high": "dear", "low": "cheap", "normal": "ordinary"}[reading]
        yield Point(
            weight=min(weigh(facts, "vix"), 1.5) * CONTEXT,
            text=f"Index options are {word}: the VIX closed at {{vix}}, {{vix_change}} on the day.",
            claims=(claim("vix", reading),),
            headline="The VIX closed at {vix}, {vix_change} on the day",
        )
