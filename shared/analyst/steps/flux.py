"""Step 3 in words: where trading took place; pressure is estimated, never observed."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import band
from shared.analyst.steps.points import ASIDE, Point, claim, compose, has, weigh
from shared.domain.bias import SectionDraft

_UNSEEN = "Who was the aggressor is not observed; pressure is estimated from price and volume."
_AREAS = {
    "high": (
        (
            "The close left the 20-session value area on its upper side: {poc_distance} from the "
            "point of control at {poc}, value ends at {vah}."
        ),
        "Accepted above value: the close stands {poc_distance} from the point of control",
    ),
    "low": (
        (
            "The close left the 20-session value area on its lower side: {poc_distance} from the "
            "point of control at {poc}, value begins at {val}."
        ),
        "Accepted below value: the close stands {poc_distance} from the point of control",
    ),
    "normal": (
        (
            "The close lies within the 20-session value area, {val} to {vah}, at {value_position} "
            "of its width; the point of control is {poc}."
        ),
        "Inside value: the market trades where most of the last month's business was done",
    ),
}
_LOCATIONS = {
    "high": (
        "The day was held to its end: it closed at {close_location} between low and high.",
        "The last session closed near its high ({close_location})",
    ),
    "low": (
        "The day was given up to its end: it closed at {close_location} between low and high.",
        "The last session closed near its low ({close_location})",
    ),
    "normal": (
        "The day ended undecided, at {close_location} between low and high.",
        "The last session ended undecided ({close_location})",
    ),
}
_VOLUMES = {
    "high": "Volume was heavy: {volume_z60} standard deviations from its 60-day mean.",
    "low": "Volume was thin: {volume_z60} standard deviations from its 60-day mean.",
    "normal": "Volume was ordinary: {volume_z60} standard deviations from its 60-day mean.",
}


def write(facts: Facts) -> SectionDraft:
    """Draft the section on the profile and estimated pressure."""
    points = [*_area(facts), *_location(facts), *_volume(facts), *_basis(facts)]
    return compose(points, empty="No profile can be built for {instrument}", risks=(_UNSEEN,))


def _area(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "value_position")
    if reading and has(facts, "poc", "val", "vah", "poc_distance"):
        text, headline = _AREAS[reading]
        side = {"high": ("above", "vah"), "low": ("below", "val"), "normal": ("above", "val")}
        relation, level = side[reading]
        claims = [claim("value_position", reading)]
        if weigh(facts, "value_position") != 1 and has(facts, "last_close"):
            claims.append(claim("last_close", relation, level))
        risk = None
        if reading != "normal":
            risk = "A return into the value area, past {" + level + "}, would undo the move."
        weight = min(weigh(facts, "value_position"), 2.0)
        yield Point(weight, text, tuple(claims), headline, risk)


def _location(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "close_location")
    if reading:
        text, headline = _LOCATIONS[reading]
        claims = (claim("close_location", reading),)
        yield Point(weigh(facts, "close_location") * 0.9, text, claims, headline)


def _volume(facts: Facts) -> Iterator[Point]:
    reading = band(facts, "volume_z60")
    if reading:
        text = _VOLUMES[reading]
        risk = "A move on thin volume is easily undone." if reading == "low" else None
        claims = (claim("volume_z60", reading),)
        yield Point(weigh(facts, "volume_z60"), text, claims, text.rstrip("."), risk)


def _basis(facts: Facts) -> Iterator[Point]:
    if has(facts, "profile_basis", "poc"):
        yield Point(
            weight=ASIDE,
            text="The profile counts {profile_basis}.",
            claims=(claim("poc", "positive"),) if (facts.number("poc") or 0) > 0 else (),
            headline="The profile counts {profile_basis}",
        )
