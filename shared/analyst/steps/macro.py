"""Step 2 in words: which releases lie ahead; never which side they favour."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.steps.points import ASIDE, CONTEXT, Point, also, claim, compose, say, weigh
from shared.domain.bias import SectionDraft, Snapshot
from shared.domain.market.events import Impact

_NAMED_EVENTS = 4
_SOON_HOURS = 3
_BANKS = {
    "fomc_today": "the Federal Reserve",
    "ecb_today": "the European Central Bank",
    "boe_today": "the Bank of England",
    "boj_today": "the Bank of Japan",
}
_DATA = {"cpi_today": "consumer prices", "payrolls_today": "US payrolls"}
_FRESH_HOURS = 24


def write(facts: Facts, snapshot: Snapshot) -> SectionDraft:
    """Draft the section on scheduled events."""
    points = [*_today(facts, snapshot), *_banks(facts), *_data(facts), *_next(facts)]
    points += [*_after(facts), *_holiday(facts), *_surprise(facts)]
    return compose(facts, points, empty="No economic calendar was known for this session")


def _today(facts: Facts, snapshot: Snapshot) -> Iterator[Point]:
    high, medium = facts.number("high_today"), facts.number("medium_today")
    if high is None or medium is None:
        return
    named = "; ".join(f"{{event{n}}}" for n in _heaviest(snapshot))
    if high:
        yield _busy(facts, int(high), named)
    elif medium:
        yield _lighter(facts, named)
    else:
        yield _empty(facts)


def _lighter(facts: Facts, named: str) -> Point:
    return Point(
        weight=0.8,
        text=say(
            facts,
            "medium",
            f"Nothing of High impact is due; of Medium impact {{medium_today}}: {named}.",
            f"No High-impact release is due. Of Medium impact there are {{medium_today}}: {named}.",
        ),
        claims=(claim("high_today", "absent"), claim("medium_today", "present")),
        headline=say(
            facts,
            "medium/headline",
            "only Medium-impact releases for {instrument} ({medium_today})",
            "no High-impact release; Medium-impact ones: {medium_today}",
            "a lighter calendar for {instrument}, Medium impact at most",
        ),
    )


def _empty(facts: Facts) -> Point:
    return Point(
        weight=0.8,
        text=say(
            facts,
            "none",
            "The calendar of its currencies is empty: High-impact releases {high_today}, "
            "Medium-impact {medium_today}.",
            "Nothing is scheduled for its currencies (High impact {high_today}, Medium "
            "{medium_today}); prices move on their own.",
        ),
        claims=(claim("high_today", "absent"), claim("medium_today", "absent")),
        headline=say(
            facts,
            "none/headline",
            "an empty calendar for {instrument}",
            "nothing is scheduled that concerns {instrument}",
            "{instrument} moves on its own today",
        ),
    )


def _busy(facts: Facts, high: int, named: str) -> Point:
    releases, fall, it = ("release", "falls", "it") if high == 1 else ("releases", "fall", "they")
    return Point(
        weight=1 + min(high, 6) / 4,
        text=say(
            facts,
            "high",
            f"{{high_today}} High-impact {releases} {fall} into this session; the heaviest "
            f"events: {named}.",
            f"On the calendar of High impact: {{high_today}} {releases} before the close; first in "
            f"weight: {named}.",
            f"The session carries {{high_today}} High-impact {releases}. The heaviest events: "
            f"{named}.",
        ),
        claims=(claim("high_today", "present"),),
        headline=say(
            facts,
            "high/headline",
            f"{{high_today}} High-impact {releases} can overrule any reading of {{instrument}}",
            f"{{instrument}} trades through {{high_today}} High-impact {releases}",
            f"{{high_today}} High-impact {releases} ahead for {{instrument}}"
            f"{also(facts, ', where a usual day is {atr14}')}",
        ),
        risk=say(
            facts,
            "high/risk",
            f"Around the {releases} spreads widen and levels lose their meaning"
            f"{also(facts, '; next comes {next_high}')}.",
            f"A usual day's range{also(facts, ' ({atr14})')} can pass within minutes of a "
            "High-impact release.",
            f"Orders that rest while the {releases} {'comes' if high == 1 else 'come'} out"
            f"{also(facts, ' (in {hours_to_high})')} are filled where {it} "
            f"{'leaves' if high == 1 else 'leave'} the price.",
        ),
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


def _banks(facts: Facts) -> Iterator[Point]:
    for flag, bank in _BANKS.items():
        if facts.number(flag):
            yield Point(
                weight=1.9,
                text=f"A decision of {bank} falls into this session (decision day: {{{flag}}})"
                f"{also(facts, '; a usual day spans {atr14}')}.",
                claims=(claim(flag, "present"),),
                headline=say(
                    facts,
                    flag,
                    f"{bank} decides today",
                    f"a decision of {bank} lies ahead of {{instrument}}",
                    f"{{instrument}} waits for {bank}",
                ),
                risk=f"What {bank} says after the decision often turns the first move.",
            )


def _data(facts: Facts) -> Iterator[Point]:
    for flag, what in _DATA.items():
        if facts.number(flag):
            yield Point(
                weight=1.5,
                text=f"It is a day of {what} ({what} in this session: {{{flag}}}); on such days "
                "small moves are rarer than on others.",
                claims=(claim(flag, "present"),),
                headline=say(facts, flag, f"a day of {what}", f"{what} are due for {{instrument}}"),
            )


def _next(facts: Facts) -> Iterator[Point]:
    hours = facts.number("hours_to_high")
    if hours is None:
        return
    soon = hours <= _SOON_HOURS
    yield Point(
        weight=1.4 if soon else CONTEXT,
        text=say(
            facts,
            "next",
            "The next High-impact release is {next_high}, in {hours_to_high}.",
            "{next_high} comes next among the High-impact releases: {hours_to_high} from now.",
            "Next of High impact: {next_high}, {hours_to_high} ahead.",
        ),
        claims=(claim("hours_to_high", "positive"),),
        headline=say(
            facts,
            "next/headline",
            "{next_high} is due in {hours_to_high}",
            "{hours_to_high} until {next_high}",
            "the next hurdle is {next_high}",
        ),
        risk="Entries before {next_high} are bets on its outcome." if soon else None,
    )


def _after(facts: Facts) -> Iterator[Point]:
    if facts.number("high_tomorrow"):
        yield Point(
            weight=CONTEXT,
            text=say(
                facts,
                "after",
                "High-impact releases between this close and the next: {high_tomorrow}.",
                "Behind this close wait High-impact releases ({high_tomorrow} before the next).",
                "Who holds over the close also holds through High-impact releases of the session "
                "after ({high_tomorrow}).",
            ),
            claims=(claim("high_tomorrow", "present"),),
            headline=say(
                facts,
                "after/headline",
                "High-impact releases wait behind the close ({high_tomorrow})",
                "the session after brings {high_tomorrow} of High impact",
            ),
        )
        return
    if not facts.number("medium_tomorrow"):
        return
    yield Point(
        weight=ASIDE,
        text="The session after brings High-impact releases: {high_tomorrow}, "
        "Medium-impact: {medium_tomorrow}.",
        claims=(claim("high_tomorrow", "absent"),),
        headline=say(
            facts,
            "free",
            "the session after is free of High-impact releases",
            "nothing of High impact the day after",
        ),
    )


def _holiday(facts: Facts) -> Iterator[Point]:
    if facts.number("holiday_today"):
        yield Point(
            weight=1.2,
            text="A country of its currencies has a public holiday (holiday: {holiday_today}).",
            claims=(claim("holiday_today", "present"),),
            headline="a public holiday thins the trading of {instrument}",
            risk="Thin trading lets small orders move prices.",
        )


def _surprise(facts: Facts) -> Iterator[Point]:
    hours, reading = facts.number("surprise_hours"), band(facts, "surprise")
    if hours is None or reading not in {"high", "low"} or hours > 3 * _FRESH_HOURS:
        return
    fresh = 1.0 if hours <= _FRESH_HOURS else 0.4
    text = {
        "high": "{surprise_of} came out over its forecast ({surprise}), {surprise_hours} ago",
        "low": "{surprise_of} came out under its forecast ({surprise}), {surprise_hours} ago",
    }[reading]
    yield Point(
        weight=min(weigh(facts, "surprise"), 2.0) * fresh * 0.8,
        text=f"{text}; which way that pushes prices changes with the regime.",
        claims=(claim("surprise", reading),),
        headline=say(
            facts,
            "surprise",
            "{surprise_of} came in {surprise} from its forecast",
            "{instrument} has {surprise_of} to digest ({surprise})",
            "{surprise_of} differed from its forecast by {surprise}",
        ),
    )
