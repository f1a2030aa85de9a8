"""Step 2 in words: which releases lie ahead; never which side they favour."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.steps.points import ASIDE, CONTEXT, Point, claim, compose, has
from shared.domain.bias import SectionDraft, Snapshot
from shared.domain.events import Impact

_NAMED_EVENTS = 4
_SOON_HOURS = 3


def write(facts: Facts, snapshot: Snapshot) -> SectionDraft:
    """Draft the section on scheduled events."""
    points = [*_today(facts, snapshot), *_next(facts), *_after(facts), *_holiday(facts)]
    return compose(points, empty="No economic calendar was known for this session")


def _today(facts: Facts, snapshot: Snapshot) -> Iterator[Point]:
    high, medium = facts.number("high_today"), facts.number("medium_today")
    if high is None or medium is None:
        return
    named = "; ".join(f"{{event{n}}}" for n in _heaviest(snapshot))
    if high:
        releases, fall = ("release", "falls") if high == 1 else ("releases", "fall")
        yield Point(
            weight=1 + high / 4,
            text=f"{{high_today}} High-impact {releases} {fall} into this session; the heaviest "
            f"events: {named}.",
            claims=(claim("high_today", "present"),),
            headline=f"{{high_today}} High-impact {releases} can overrule any reading today",
            risk="Around a High-impact release spreads widen and levels lose their meaning.",
        )
    elif medium:
        yield Point(
            weight=0.8,
            text=f"Nothing of High impact is due; the {{medium_today}} of Medium: {named}.",
            claims=(claim("high_today", "absent"), claim("medium_today", "present")),
            headline="No High-impact release is due; Medium-impact ones: {medium_today}",
        )
    else:
        yield Point(
            weight=0.8,
            text="The calendar of its currencies is empty: High-impact releases {high_today}, "
            "Medium-impact {medium_today}.",
            claims=(claim("high_today", "absent"), claim("medium_today", "absent")),
            headline="An empty calendar: prices move on their own today",
        )


def _heaviest(snapshot: Snapshot) -> list[int]:
    """Number the named events: High before Medium, then by time; as the facts number them."""
    wanted = (Impact.HIGH, Impact.MEDIUM)
    ranked = sorted(
        (wanted.index(e.impact), n)
        for n, e in enumerate(snapshot.events, start=1)
        if e.impact in wanted
    )
    return [n for _, n in ranked[:_NAMED_EVENTS]]


def _next(facts: Facts) -> Iterator[Point]:
    hours = facts.number("hours_to_high")
    if hours is None or not has(facts, "next_high"):
        return
    soon = hours <= _SOON_HOURS
    yield Point(
        weight=1.4 if soon else CONTEXT,
        text="The next High-impact release is {next_high}, in {hours_to_high}.",
        claims=(claim("hours_to_high", "positive"),),
        headline="{next_high} is due in {hours_to_high}",
        risk="Entries before {next_high} are bets on its outcome." if soon else None,
    )


def _after(facts: Facts) -> Iterator[Point]:
    if facts.number("high_tomorrow"):
        yield Point(
            weight=CONTEXT,
            text="High-impact releases between this close and the next: {high_tomorrow}.",
            claims=(claim("high_tomorrow", "present"),),
            headline="High-impact releases wait behind the close: {high_tomorrow}",
            risk="Positions held over the close carry the releases of the session after.",
        )
    elif has(facts, "medium_tomorrow", "high_tomorrow"):
        yield Point(
            weight=ASIDE,
            text="The session after brings High-impact releases: {high_tomorrow}, "
            "Medium-impact: {medium_tomorrow}.",
            claims=(claim("high_tomorrow", "absent"),),
            headline="The session after is free of High-impact releases",
        )


def _holiday(facts: Facts) -> Iterator[Point]:
    if facts.number("holiday_today"):
        yield Point(
            weight=1.2,
            text="A country of its currencies has a public holiday (holiday: {holiday_today}).",
            claims=(claim("holiday_today", "present"),),
            headline="A public holiday thins the trading of {instrument}",
            risk="Thin trading lets small orders move prices.",
        )
