"""Step 4 in words: how the market moves with the leaders at hand, or that it does not."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.steps.points import ASIDE, CONTEXT, Point, claim, compose, has, weigh
from shared.domain.bias import SectionDraft

_LARGE_MOVE = 1.0  # percent in a day


def write(facts: Facts) -> SectionDraft:
    """Draft the section on the leaders."""
    points = [*_link(facts), *_move(facts), *_breadth(facts), *_at_hand(facts)]
    return compose(points, empty="The leaders cannot be read today")


def _link(facts: Facts) -> Iterator[Point]:
    if not has(facts, "leader_correlation60", "leader_correlation_low", "leader_correlation_high"):
        return
    interval = "interval {leader_correlation_low} to {leader_correlation_high}"
    if facts.word("leader_link") == "no link":
        yield Point(
            weight=1.2,
            text="There is no link to speak of: the 60-day correlation is {leader_correlation60} "
            f"and its {interval} leaves the sign open.",
            claims=(claim("leader_link", "unlinked"),),
            headline="The leaders say nothing reliable about {instrument}",
            risk="Reading the leaders into this market would be a guess.",
        )
        return
    reading = band(facts, "leader_correlation60") or "normal"
    inverse = (facts.number("leader_correlation60") or 0) < 0
    words = {"high": "closely", "normal": "moderately", "low": "loosely"}
    how = "inversely" if inverse else words[reading]
    yield Point(
        weight=max(weigh(facts, "leader_correlation60"), 0.6),
        text=f"It moves {how} with the leaders: 60-day correlation {{leader_correlation60}} "
        f"({interval}), beta {{leader_beta60}}.",
        claims=(
            claim("leader_link", "linked"),
            claim("leader_correlation60", "negative" if inverse else "positive"),
        ),
        headline=f"It moves {how} with the leaders ({{leader_correlation60}})",
    )


def _move(facts: Facts) -> Iterator[Point]:
    moved = facts.number("leader_return")
    if moved is None:
        return
    spread = ""
    if has(facts, "leader_dispersion"):
        spread = ", with {leader_dispersion} of dispersion between them"
    linked = facts.word("leader_link") == "linked"
    claims = (claim("leader_return", "rising" if moved > 0 else "falling"),) if moved else ()
    yield Point(
        weight=min(abs(moved) / _LARGE_MOVE, 2.0) * (1 if linked else CONTEXT),
        text=f"Together the leaders moved {{leader_return}} on the last day{spread}.",
        claims=claims,
        headline="The leaders moved {leader_return} together",
    )


def _breadth(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "breadth50")
    if reading and has(facts, "breadth_up", "breadth20"):
        word = {"high": "broad", "low": "weak", "normal": "mixed"}[reading]
        yield Point(
            weight=CONTEXT + 0.2 * (reading != "normal"),
            text=f"Breadth is {word}: {{breadth_up}} of them rose, {{breadth20}} stand over their "
            "20-day mean and {breadth50} over their 50-day mean.",
            claims=(claim("breadth50", reading),),
            headline=f"Breadth of the leaders is {word} ({{breadth50}} over their 50-day mean)",
        )


def _at_hand(facts: Facts) -> Iterator[Point]:
    if has(facts, "leaders_at_hand"):
        yield Point(
            weight=ASIDE,
            text="Leaders at hand: {leaders_at_hand}.",
            claims=(),
            headline="Leaders at hand: {leaders_at_hand}",
        )
