"""The closed table of what may be claimed of a number, and whether it holds."""

from collections.abc import Callable

from shared.analyst.checks.violation import Kind, Violation
from shared.analyst.facts import Facts
from shared.domain.bias import Claim

# Below the first a reading is low, from the second on it is high. One table for the rules that
# write and for the grounding that checks: a word means the same in both.
BANDS: dict[str, tuple[float, float]] = {
    "rsi14": (30, 70),
    "vol_percentile252": (20, 80),
    "regime_ratio": (-0.25, 0.25),
    "range_atr": (0.6, 1.5),
    "volume_z60": (-1.0, 1.0),
    "close_location": (-0.5, 0.5),
    "donchian20": (0.2, 0.8),
    "value_position": (0, 1),
    "breadth_up": (0.34, 0.66),
    "breadth20": (0.34, 0.66),
    "breadth50": (0.34, 0.66),
    "leader_correlation60": (0.3, 0.7),
    "vix": (15, 25),
    "vix_correlation60": (-0.3, 0.3),
    "atr_percentile252": (20, 80),
    "surprise": (-1.0, 1.0),
    "session_vwap_distance": (-1.0, 1.0),
    "week_vwap_distance": (-1.5, 1.5),
    "cmf20": (-0.15, 0.15),
    "pressure_location5": (-0.3, 0.3),
    "mfi14": (20, 80),
    "adx14": (18, 28),
    "bollinger_position": (0, 1),
    "donchian55": (0.2, 0.8),
}
TRENDS = frozenset(
    (
        *("sma20_slope", "sma50_slope", "sma200_slope"),
        *("day_change", "momentum20", "vix_change", "leader_return"),
    )
)
NEAR_ATR = 0.5


def band(facts: Facts, name: str) -> str | None:
    """Tell whether a reading is low, normal or high; None where it is missing or has no band."""
    value = facts.number(name)
    if value is None or name not in BANDS:
        return None
    low, high = BANDS[name]
    return "low" if value <= low else "high" if value >= high else "normal"


def fault_of(claim: Claim, facts: Facts) -> Violation | None:
    """Say why a claim does not hold; None when it does. What cannot be checked does not hold."""
    check = _RELATIONS.get(claim.relation)
    if check is None:
        known = ", ".join(sorted(_RELATIONS))
        return Violation(Kind.RELATION, f"unknown relation {claim.relation!r}; known are {known}")
    for name in (claim.feature, claim.other):
        if name is None:
            continue
        if name not in facts:
            return Violation(Kind.UNKNOWN_NAME, f"claim on {name!r}, which does not exist")
        if facts[name].value is None:
            text = f"claim on {name!r}, which is missing: {facts[name].reason}"
            return Violation(Kind.MISSING_VALUE, text)
    if (claim.other is not None) != (claim.relation in TWO_SIDED):
        wants = "needs" if claim.relation in TWO_SIDED else "takes no"
        return Violation(Kind.RELATION, f"{claim.relation!r} {wants} other feature or level")
    if not check(claim, facts):
        text = f"{claim.feature} is not {claim.relation} {claim.other or ''}".rstrip()
        return Violation(Kind.FALSE_CLAIM, text)
    return None


TWO_SIDED = frozenset({"above", "below", "near"})


def _pair(claim: Claim, facts: Facts) -> tuple[float, float] | None:
    mine, other = facts.number(claim.feature), facts.number(claim.other or "")
    if mine is None or other is None:
        return None
    same = facts[claim.feature].unit == facts[claim.other or ""].unit
    return (mine, other) if same else None


def _above(claim: Claim, facts: Facts) -> bool:
    pair = _pair(claim, facts)
    return pair is not None and pair[0] > pair[1]


def _below(claim: Claim, facts: Facts) -> bool:
    pair = _pair(claim, facts)
    return pair is not None and pair[0] < pair[1]


def _near(claim: Claim, facts: Facts) -> bool:
    pair, atr = _pair(claim, facts), facts.number("atr14")
    if pair is None or atr is None or facts[claim.feature].unit != "price":
        return False
    return abs(pair[0] - pair[1]) <= NEAR_ATR * atr


def _in_band(word: str) -> Callable[[Claim, Facts], bool]:
    return lambda claim, facts: band(facts, claim.feature) == word


def _signed(sign: int, only: frozenset[str] | None = None) -> Callable[[Claim, Facts], bool]:
    def check(claim: Claim, facts: Facts) -> bool:
        value = facts.number(claim.feature)
        known = only is None or claim.feature in only
        return known and value is not None and value * sign > 0

    return check


def _counted(*, some: bool) -> Callable[[Claim, Facts], bool]:
    def check(claim: Claim, facts: Facts) -> bool:
        value = facts.number(claim.feature)
        counts = facts[claim.feature].unit in {"count", "flag"}
        return counts and value is not None and (value > 0) is some

    return check


def _inside(claim: Claim, facts: Facts) -> bool:
    return claim.feature == "value_position" and band(facts, claim.feature) == "normal"


def _link(word: str) -> Callable[[Claim, Facts], bool]:
    return lambda claim, facts: claim.feature == "leader_link" and facts.word("leader_link") == word


_RELATIONS: dict[str, Callable[[Claim, Facts], bool]] = {
    "above": _above,
    "below": _below,
    "near": _near,
    "high": _in_band("high"),
    "low": _in_band("low"),
    "normal": _in_band("normal"),
    "rising": _signed(1, TRENDS),
    "falling": _signed(-1, TRENDS),
    "positive": _signed(1),
    "negative": _signed(-1),
    "present": _counted(some=True),
    "absent": _counted(some=False),
    "inside": _inside,
    "linked": _link("linked"),
    "unlinked": _link("no link"),
}
RELATIONS = frozenset(_RELATIONS)
