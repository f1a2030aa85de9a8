"""The part of step 5 that speaks of prices: support, resistance, last week and last month."""

from collections.abc import Iterator

from shared.analyst.facts import Facts
from shared.analyst.relations import NEAR_ATR
from shared.analyst.steps.points import ASIDE, CONTEXT, Point, also, claim, has, holding, say
from shared.domain.bias import Claim


def nearest(facts: Facts) -> Iterator[Point]:
    """Speak of the nearest level on each side, first of the one within reach."""
    sides = [
        (name, word)
        for name, word in (("resistance", "above"), ("support", "below"))
        if has(facts, name, f"{name}_distance", "last_close")
    ]
    if not sides:
        return
    near = [n for n, _ in sides if (facts.number(f"{n}_distance") or 0) <= NEAR_ATR]
    claims = holding(facts, *(claim(name, word, "last_close") for name, word in sides))
    if near:
        yield _within_reach(facts, near[0], claims)
        return
    parts = [f"{name} at {{{name}}} lies {{{name}_distance}} {word}" for name, word in sides]
    text = " and ".join(parts)
    yield Point(
        weight=CONTEXT,
        text=f"{text[0].upper()}{text[1:]} the close.",
        claims=claims,
        headline=say(
            facts,
            "room",
            f"room to move: {sides[0][0]} at {{{sides[0][0]}}} is {{{sides[0][0]}_distance}} away",
            f"nothing in the way until {{{sides[0][0]}}}",
        ),
    )


def _within_reach(facts: Facts, name: str, claims: tuple[Claim, ...]) -> Point:
    touches = facts.number(f"{name}_touches") or 1
    age = also(facts, f", last {{{name}_age}} ago")
    history = ""
    if touches > 1:
        history = also(facts, f"; it has turned prices before (touches: {{{name}_touches}}{age})")
    elif age:
        history = f"; it turned prices once{age}"
    return Point(
        weight=1.0 + 0.15 * min(touches, 4),
        text=say(
            facts,
            "near",
            f"{name.capitalize()} at {{{name}}} is {{{name}_distance}} away{history}.",
            f"The close is {{{name}_distance}} from {name} at {{{name}}}{history}.",
            f"Within reach lies {name} at {{{name}}} ({{{name}_distance}}){history}.",
        ),
        claims=claims,
        headline=say(
            facts,
            "near/headline",
            f"close to {name} at {{{name}}}",
            f"{{instrument}} presses on {name} ({{{name}}})",
            f"{name} at {{{name}}} is {{{name}_distance}} away",
        ),
        risk=say(
            facts,
            "near/risk",
            f"{name.capitalize()} at {{{name}}} is within a usual half-day's reach.",
            f"A test of {{{name}}} may come in the first part of the session.",
            f"So close to {{{name}}}, the first push decides little.",
        ),
    )


def spans(facts: Facts) -> Iterator[Point]:
    """Place the close against last week's and last month's prices."""
    for unit, weight in (("month", 0.95), ("week", 0.8)):
        close = facts.number("last_close")
        high, low = facts.number(f"prior_{unit}_high"), facts.number(f"prior_{unit}_low")
        if close is None or high is None or low is None:
            continue
        if low <= close <= high:
            yield _inside(facts, unit)
            continue
        side, relation = ("high", "above") if close > high else ("low", "below")
        level = f"prior_{unit}_{side}"
        yield Point(
            weight,
            say(
                facts,
                f"{unit}/beyond",
                f"The close is beyond the prior {unit}'s {side} of {{{level}}}.",
                f"It has left last {unit}'s range on the {side} side ({{{level}}}).",
            ),
            (claim("last_close", relation, level),),
            say(
                facts,
                f"{unit}/headline",
                f"beyond last {unit}'s {side} of {{{level}}}",
                f"out of last {unit}'s range",
            ),
            f"Back inside {{{level}}}, the break of last {unit}'s {side} has failed.",
        )


def _inside(facts: Facts, unit: str) -> Point:
    return Point(
        ASIDE,
        say(
            facts,
            f"{unit}/inside",
            f"It still trades within the prior {unit}'s range, {{prior_{unit}_low}} to "
            f"{{prior_{unit}_high}}.",
            f"Last {unit} ran from {{prior_{unit}_low}} to {{prior_{unit}_high}} and closed at "
            f"{{prior_{unit}_close}}; the market has not left it.",
        ),
        (),
        f"within last {unit}'s range",
    )
