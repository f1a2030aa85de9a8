"""Step 3 in words: where trading took place; pressure is estimated, never observed."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.steps.points import (
    ASIDE,
    CONTEXT,
    NOTABLE,
    Point,
    also,
    claim,
    compose,
    holding,
    say,
    side_of,
    weigh,
)
from shared.domain.bias import Claim, SectionDraft

_SIDES = {"high": ("upper", "above", "vah"), "low": ("lower", "below", "val")}
_LOCATIONS = {
    "high": (
        "The day was held to its end: it closed at {close_location} between low and high.",
        "Late trading kept the gains of the day ({close_location} between low and high).",
        "At {close_location} between low and high, the close gave nothing back.",
    ),
    "low": (
        "The day was given up to its end: it closed at {close_location} between low and high.",
        "Late trading found no support (a close at {close_location} between low and high).",
        "At {close_location} between low and high, the close lies where the day was weakest.",
    ),
    "normal": (
        "The day ended undecided, at {close_location} between low and high.",
        "Neither side owned the close ({close_location} between low and high).",
        "The close settled in the middle part of the day, at {close_location}.",
    ),
}
_VOLUMES = {
    "high": ("heavy", "Volume was heavy: {volume_z60} standard deviations from its 60-day mean"),
    "low": ("thin", "Volume was thin: {volume_z60} standard deviations from its 60-day mean"),
    "normal": ("ordinary", "Volume was ordinary, {volume_z60} standard deviations from its mean"),
}


def write(facts: Facts) -> SectionDraft:
    """Draft the section on the profile and estimated pressure."""
    points = [*_area(facts), *_location(facts), *_volume(facts), *_week(facts), *_session(facts)]
    points += [*_pressure(facts), *_money_flow(facts), *_basis(facts)]
    return compose(facts, points, empty="No profile can be built for {instrument}")


def _area(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "value_position")
    if reading is None:
        return
    weight = min(weigh(facts, "value_position"), 2.0)
    claims = [claim("value_position", reading)]
    if reading == "normal":
        yield _inside(facts, weight * 0.7, claims)
        return
    _, above, level = _SIDES[reading]
    claims += holding(facts, claim("last_close", above, level))
    yield _outside(facts, reading, weight, claims)


def _inside(facts: Facts, weight: float, claims: list[Claim]) -> Point:
    return Point(
        weight,
        say(
            facts,
            "inside",
            "The close lies within the 20-session value area, {val} to {vah}, at "
            "{value_position} of its width; the point of control is {poc}.",
            "Most of the last month's business was done between {val} and {vah}, and that is "
            "where it closed ({value_position} of the way up, {poc_distance} from {poc}).",
            "Value runs from {val} to {vah}; the close sits at {value_position} of it and "
            "{poc_distance} from the fullest price, {poc}.",
        ),
        tuple(claims),
        say(
            facts,
            "inside/headline",
            "inside value, {poc_distance} from the point of control",
            "{instrument} trades where most business was done, around {poc}",
            "the market stays between {val} and {vah}",
        ),
    )


def _outside(facts: Facts, reading: str, weight: float, claims: list[Claim]) -> Point:
    upper, above, level = _SIDES[reading]
    return Point(
        weight,
        say(
            facts,
            "outside",
            f"The close left the 20-session value area on its {upper} side: {{poc_distance}} from "
            f"the point of control at {{poc}}, past {{{level}}}.",
            f"It closed {above} the area of value, whose edge is {{{level}}}; the point of control "
            "lies {poc_distance} away at {poc}.",
            f"Value ends at {{{level}}} and the close stands {above} it, {{poc_distance}} from the "
            "fullest price of the month ({poc}).",
        ),
        tuple(claims),
        say(
            facts,
            "outside/headline",
            f"accepted {above} value, {{poc_distance}} from the point of control",
            f"out of value on the {upper} side, past {{{level}}}",
            f"{{instrument}} closed {above} its value area",
        ),
        say(
            facts,
            "outside/risk",
            f"A return into the value area, past {{{level}}}, would undo the move.",
            f"Prices outside of value need new business; without it {{{level}}} is the way back.",
        ),
    )


def _location(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "close_location")
    if reading is None:
        return
    words = {
        "high": ("a close near the high ({close_location})", "the day was held to its end"),
        "low": ("a close near the low ({close_location})", "the day was given up to its end"),
        "normal": ("an undecided close ({close_location})", "neither side owned the close"),
    }[reading]
    yield Point(
        weigh(facts, "close_location") * 0.6,
        say(facts, "location", *_LOCATIONS[reading]),
        (claim("close_location", reading),),
        say(facts, "location/headline", *words),
    )


def _volume(facts: Facts) -> Iterator[Point]:
    reading, change = band(facts, "volume_z60"), facts.number("day_change")
    if reading is None:
        return
    word, text = _VOLUMES[reading]
    tie = "" if change is None or reading == "normal" else ", on a day of {day_change}"
    yield Point(
        min(weigh(facts, "volume_z60"), 2.5) * 0.8,
        f"{text}{tie}.",
        (claim("volume_z60", reading),),
        say(
            facts,
            "volume/headline",
            f"volume was {word} ({{volume_z60}})",
            f"{word} volume",
            f"a day of {word} volume, {{volume_z60}} from its mean",
        ),
        "A move on thin volume ({volume_z60}) is easily undone." if reading == "low" else None,
    )


def _week(facts: Facts) -> Iterator[Point]:
    distance, reading = facts.number("week_vwap_distance"), band(facts, "week_vwap_distance")
    if reading is None or not distance:
        return
    side = "over" if distance > 0 else "under"
    stretched = "; that is a wide stretch" if reading != "normal" else ""
    yield Point(
        min(weigh(facts, "week_vwap_distance"), 2.0) * 0.6,
        say(
            facts,
            "week",
            f"The week's volume-weighted mean is {{week_vwap}}; the close stands {side} it by "
            f"{{week_vwap_distance}}{stretched}.",
            f"Who traded this week paid {{week_vwap}} on average, and the close is {side} that "
            f"({{week_vwap_distance}}){stretched}.",
        ),
        (claim("week_vwap_distance", side_of(distance)),),
        say(
            facts,
            "week/headline",
            f"{side} the week's mean price of {{week_vwap}}",
            f"the week's average buyer at {{week_vwap}} is {'ahead' if distance > 0 else 'behind'}",
        ),
    )


def _session(facts: Facts) -> Iterator[Point]:
    distance = facts.number("session_vwap_distance")
    if not distance:
        return
    side = "over" if distance > 0 else "under"
    yield Point(
        min(weigh(facts, "session_vwap_distance"), 2.0) * 0.5,
        say(
            facts,
            "session",
            f"Within the day most was traded at {{session_poc}}; the close ended {side} the "
            "session's mean of {session_vwap} ({session_vwap_distance}).",
            f"The last session built its value from {{session_val}} to {{session_vah}} and closed "
            f"{side} its mean price, {{session_vwap}}, by {{session_vwap_distance}}.",
        ),
        (claim("session_vwap_distance", side_of(distance)),),
        f"the day ended {side} its own mean of {{session_vwap}}",
    )


def _pressure(facts: Facts) -> Iterator[Point]:
    """Three estimates of one thing: worth a word where they agree, or contradict the price."""
    names = ("cmf20", "pressure_tick20", "pressure_bulk20")
    values = [v for name in names if (v := facts.number(name))]
    moved, reading = facts.number("momentum20"), band(facts, "cmf20")
    if len(values) < len(names) or moved is None or reading is None:
        return
    claims = tuple(claim(n, side_of(v)) for n, v in zip(names, values, strict=True))
    figures = "money flow {cmf20}, by ticks {pressure_tick20}, by bulk {pressure_bulk20}"
    if len({v > 0 for v in values}) > 1:
        yield Point(
            CONTEXT,
            f"The estimates of a month's pressure disagree: {figures}.",
            claims,
            "estimates of pressure disagree",
            _unseen(facts),
        )
        return
    word = "buying" if values[0] > 0 else "selling"
    if moved * values[0] < 0:
        text = f"Estimated {word} of the last month ({figures}) runs against its {{momentum20}}."
        headline, weight = f"estimated {word} against the month's {{momentum20}}", 1.2
    else:
        text = f"A month's estimated pressure is on the {word} side: {figures}."
        headline, weight = f"estimated pressure is {word} ({{cmf20}})", weigh(facts, "cmf20") * 0.6
    yield Point(weight, text, claims, headline, _unseen(facts))


def _unseen(facts: Facts) -> str:
    return say(
        facts,
        "unseen",
        "Pressure is estimated ({cmf20}) from price and volume; who was the aggressor is not "
        "observed.",
        "A money flow of {cmf20} is a reading of bars, not of orders.",
        "No trade's side is known here: {pressure_bulk20} is an estimate.",
    )


def _money_flow(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "mfi14")
    if reading in {"high", "low"}:
        yield Point(
            weigh(facts, "mfi14") * 0.9,
            f"The money flow index stands at {{mfi14}}, {reading} for a balanced market"
            f"{also(facts, '; volume has been adding {obv_slope20} a day to the balance')}.",
            (claim("mfi14", reading),),
            f"money flow is {reading} at {{mfi14}}",
        )


def _basis(facts: Facts) -> Iterator[Point]:
    yield Point(
        weight=NOTABLE if (facts.word("profile_basis") or "").startswith("time") else ASIDE,
        text=say(
            facts,
            "basis",
            "The profile counts {profile_basis}; its point of control is {poc}.",
            "Counted is {profile_basis}, with the fullest price at {poc}.",
        ),
        claims=(claim("poc", "positive"),) if (facts.number("poc") or 0) > 0 else (),
        headline="the point of control is {poc}",
    )
