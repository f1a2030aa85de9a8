"""Step 4 in words: how the market moves with the leaders at hand, or that it does not."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
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

_LARGE_MOVE = 1.0  # percent in a day
_LINK_MOVED = 0.2  # of a correlation, between the slow and the fast reading
_INTERVAL = "interval {leader_correlation_low} to {leader_correlation_high}"


def write(facts: Facts) -> SectionDraft:
    """Draft the section on the leaders."""
    points = [*_link(facts), *_change(facts), *_move(facts), *_residual(facts)]
    points += [*_breadth(facts), *_order(facts), *_at_hand(facts)]
    return compose(facts, points, empty="The leaders cannot be read today")


def _link(facts: Facts) -> Iterator[Point]:
    if facts.word("leader_link") == "no link":
        yield Point(
            weight=1.2,
            text=say(
                facts,
                "none",
                "There is no link to speak of: the 60-day correlation is {leader_correlation60} "
                f"and its {_INTERVAL} leaves the sign open.",
                "A 60-day correlation of {leader_correlation60} is no link: even its sign is open "
                f"({_INTERVAL}).",
                "The leaders' days and its own go separate ways ({leader_correlation60}, "
                f"{_INTERVAL}).",
            ),
            claims=(claim("leader_link", "unlinked"),),
            headline=say(
                facts,
                "none/headline",
                "the leaders say nothing reliable about {instrument}",
                "no link between the leaders and {instrument} ({leader_correlation60})",
                "{instrument} goes its own way",
            ),
            risk=say(
                facts,
                "none/risk",
                "Reading the leaders into this market would be a guess ({leader_correlation60}).",
                "A link of {leader_correlation60} may come and go; it is no reason to act.",
            ),
        )
    elif facts.word("leader_link") == "linked":
        yield _linked(facts)


def _linked(facts: Facts) -> Point:
    reading = band(facts, "leader_correlation60") or "normal"
    inverse = (facts.number("leader_correlation60") or 0) < 0
    words = {"high": "closely", "normal": "moderately", "low": "loosely"}
    how = "inversely" if inverse else words[reading]
    return Point(
        weight=max(weigh(facts, "leader_correlation60") * 0.8, 0.6),
        text=say(
            facts,
            "linked",
            f"It moves {how} with the leaders: 60-day correlation {{leader_correlation60}} "
            f"({_INTERVAL}), beta {{leader_beta60}}.",
            "For each percent of the leaders it moved {leader_beta60}, "
            f"{how} tied at a correlation of {{leader_correlation60}} ({_INTERVAL}).",
            f"The tie to the leaders is {{leader_correlation60}} ({_INTERVAL}) at a beta of "
            f"{{leader_beta60}}: it follows them {how}.",
        ),
        claims=(
            claim("leader_link", "linked"),
            claim("leader_correlation60", "negative" if inverse else "positive"),
        ),
        headline=say(
            facts,
            "linked/headline",
            f"{{instrument}} moves {how} with the leaders ({{leader_correlation60}})",
            f"{how} tied to the leaders, beta {{leader_beta60}}",
            "a beta of {leader_beta60} to the leaders",
        ),
    )


def _change(facts: Facts) -> Iterator[Point]:
    slow, fast = facts.number("leader_correlation60"), facts.number("leader_correlation_ewma")
    if slow is None or fast is None or abs(fast - slow) < _LINK_MOVED:
        return
    closer = abs(fast) > abs(slow)
    word = "tightened" if closer else "loosened"
    yield Point(
        weight=min(abs(fast - slow) / _LINK_MOVED, 2.0) * 0.8,
        text=f"The tie has {word} of late: weighted to recent days the correlation is "
        "{leader_correlation_ewma}, against {leader_correlation60} over the 60-day window.",
        claims=(
            claim(
                "leader_correlation_ewma",
                "above" if fast > slow else "below",
                "leader_correlation60",
            ),
        ),
        headline=say(
            facts,
            "change",
            f"the tie to the leaders has {word}",
            f"a tie that has {word}, to {{leader_correlation_ewma}}",
        ),
        risk=None
        if closer
        else "A tie that loosens makes yesterday's beta ({leader_beta60}) a poor guide.",
    )


def _move(facts: Facts) -> Iterator[Point]:
    moved = facts.number("leader_return")
    if moved is None:
        return
    spread = also(facts, ", with {leader_dispersion} of dispersion between them")
    top = also(facts, "; {top_leader} moved most ({top_leader_return})")
    linked = facts.word("leader_link") == "linked"
    claims = (claim("leader_return", "rising" if moved > 0 else "falling"),) if moved else ()
    yield Point(
        weight=min(abs(moved) / _LARGE_MOVE, 2.0) * (0.9 if linked else CONTEXT),
        text=say(
            facts,
            "move",
            f"Together the leaders moved {{leader_return}} on the last day{spread}{top}.",
            f"The leaders' mean changed by {{leader_return}}{spread}{top}.",
            f"On the last day the leaders made {{leader_return}}{spread}{top}.",
        ),
        claims=claims,
        headline=say(
            facts,
            "move/headline",
            "the leaders moved {leader_return} together",
            "{top_leader} led with {top_leader_return}" if has(facts, "top_leader_return")
            else "the leaders made {leader_return}",
            "a day of {leader_return} for the leaders",
        ),
    )  # fmt: skip


def _residual(facts: Facts) -> Iterator[Point]:
    left, usual = facts.number("leader_residual"), facts.number("atr_pct")
    if not left or not usual or facts.word("leader_link") != "linked":
        return
    yield Point(
        weight=min(abs(left) / (usual / 2), 2.0),
        text=say(
            facts,
            "residual",
            "After the leaders' part is taken off, {leader_residual} of the day is its own.",
            "Its own part of the day, beyond what the leaders explain, was {leader_residual}.",
            "The leaders leave {leader_residual} of the day unexplained.",
        ),
        claims=(claim("leader_residual", side_of(left)),),
        headline=say(
            facts,
            "residual/headline",
            "{leader_residual} of the day was its own",
            "the leaders explain all but {leader_residual}",
        ),
    )


def _breadth(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "breadth50")
    if reading is None:
        return
    word = {"high": "broad", "low": "weak", "normal": "mixed"}[reading]
    yield Point(
        weight=CONTEXT + 0.15 * (reading != "normal"),
        text=say(
            facts,
            "breadth",
            f"Breadth is {word}: {{breadth_up}} of them rose, {{breadth20}} stand over their "
            "20-day mean and {breadth50} over their 50-day mean.",
            f"{{breadth_up}} of the leaders rose; {{breadth50}} hold their 50-day mean and "
            f"{{breadth20}} the shorter one, a {word} field.",
            f"A {word} field: {{breadth20}} over the 20-day mean, {{breadth50}} over the 50-day "
            "mean, {breadth_up} up on the day.",
        ),
        claims=(claim("breadth50", reading),),
        headline=say(
            facts,
            "breadth/headline",
            f"their breadth is {word} ({{breadth50}} over the 50-day mean)",
            f"{{breadth_up}} of them rose, a {word} field",
        ),
    )


def _order(facts: Facts) -> Iterator[Point]:
    link = facts.word("lead_lag_link")
    if link not in {"leaders lead", "leaders follow"}:
        return
    value = facts.number("lead_lag_correlation") or 0
    who = "the leaders move first" if link == "leaders lead" else "it moves before the leaders"
    yield Point(
        weight=0.8,
        text=f"Within the day {who}: the short returns of {{lead_lag_series}} agree best with "
        "theirs at a shift of {lead_lag_bars} bars ({lead_lag_correlation}, interval "
        "{lead_lag_low} to {lead_lag_high}).",
        claims=(claim("lead_lag_correlation", side_of(value)),) if value else (),
        headline=f"within the day {who}",
    )


def _at_hand(facts: Facts) -> Iterator[Point]:
    """Name the leaders only where some of them are lacking."""
    count, _, whole = (facts.word("leaders_at_hand") or "").rpartition("(")[2].partition(" of ")
    if count and count != whole.rstrip(")"):
        yield Point(
            weight=ASIDE,
            text=say(
                facts,
                "hand",
                "Leaders at hand: {leaders_at_hand}.",
                "The leaders read here are {leaders_at_hand}.",
            ),
            claims=(),
            headline="leaders at hand: {leaders_at_hand}",
        )
