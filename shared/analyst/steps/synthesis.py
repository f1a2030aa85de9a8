"""Step 6 in words: the label by lift, what it rests on, what speaks against it, where it ends."""

from shared.analyst.drivers import Signal, drivers_of, invalidation
from shared.analyst.facts import Facts
from shared.analyst.steps.points import also, claim, has, say
from shared.domain.bias import Claim, Label, SectionDraft, Snapshot
from shared.forecast.probabilities import MIN_LIFT

_CHANCES = (
    "Chances: bear {p_bear} (normal day {base_bear}), neutral {p_neutral} (normal day "
    "{base_neutral}), bull {p_bull} (normal day {base_bull})."
)
_RESTS_ON = (
    "The chances rest on volatility ({regime_ratio} against its norm), ranges, scheduled events "
    "and the last moves ({momentum20} in a 20-session stretch); where trading took place and what "
    "the leaders did explain the day and do not move them."
)
_UNKNOWN = "none of the numbers"  # how the forecast's wording begins where it read nothing
_BASE_RATES = (
    "Nothing that the chances of {instrument} rest on is known: they are those of a normal day."
)


def write(facts: Facts, snapshot: Snapshot) -> SectionDraft:
    """Draft the synthesis."""
    label = Label(facts.word("label") or "")
    drivers = drivers_of(facts, label)
    findings = [_CHANCES, _lift(facts, label), "{edge}."]
    if (facts.word("wording") or "").startswith(_UNKNOWN):
        findings.append(_BASE_RATES)
    elif has(facts, "regime_ratio", "momentum20"):
        findings.append(_RESTS_ON)
    if drivers.supporting:
        findings.append(f"{_in_agreement(facts)}: {_listed(drivers.supporting)}.")
    findings += [_analogs(facts), _confirmation(facts, label)]
    risks = [_invalidated(snapshot, facts, label), _events(facts)]
    if drivers.contradicting:
        risks.insert(0, f"{_against(facts)}: {_listed(drivers.contradicting)}.")
    claims = [s.claim for s in (*drivers.supporting, *drivers.contradicting)]
    return SectionDraft(
        headline=_headline(facts, drivers.supporting, drivers.contradicting),
        findings=tuple(f for f in findings if f),
        risks=tuple(r for r in risks if r),
        claims=tuple(dict.fromkeys([*_lift_claims(facts, label), *claims])),
    )


def _headline(facts: Facts, agreeing: tuple[Signal, ...], against: tuple[Signal, ...]) -> str:
    """Say the lean, then the reading that stands out: for it where there is one, else beside it.

    The words of a reading take no side, so that none may stand against the label.
    """
    if (facts.word("wording") or "").startswith(("no ", _UNKNOWN)):
        lead = "{instrument}: {wording}"
    else:
        dated = "{instrument} for {session_date}: {wording}"
        lead = say(facts, "lead", "{instrument} {wording}", dated)
    if agreeing:
        return f"{lead}, with {agreeing[0].text}"
    if against:
        return f"{lead}, beside {against[0].text}"
    return lead


def _in_agreement(facts: Facts) -> str:
    return say(facts, "agree", "In agreement", "Pointing the same way", "In its favour")


def _against(facts: Facts) -> str:
    return say(facts, "against", "Against it", "Against it speak", "Against it, in order of weight")


def _listed(signals: tuple[Signal, ...]) -> str:
    return "; ".join(signal.text for signal in signals)


def _lift(facts: Facts, label: Label) -> str:
    if label is Label.NEUTRAL and (facts.number("lift") or 0) < MIN_LIFT:
        return say(
            facts,
            "neutral",
            "No class gains enough over a normal day to be named; the label is {label} ({lift}).",
            "Nothing gains enough over a normal day: {label} it is, at {confidence} ({lift}).",
            "The chances are too close to those of a normal day to name a side: {label} ({lift}).",
        )
    return say(
        facts,
        "lift",
        "{label} gains most against a normal day: {lift}, at a calibrated chance of {confidence}.",
        "Against a normal day {label} gains {lift}, which puts its chance at {confidence}.",
        "The label is {label}: {lift} over a normal day, a calibrated {confidence}.",
    )


def _lift_claims(facts: Facts, label: Label) -> list[Claim]:
    """Compare the label's chance with its base rate; the other classes need no claim."""
    side = {Label.BEARISH: "bear", Label.NEUTRAL: "neutral", Label.BULLISH: "bull"}[label]
    mine, base = facts.number(f"p_{side}"), facts.number(f"base_{side}")
    if mine is None or base is None or mine == base:
        return [claim("confidence", "positive")]
    return [claim(f"p_{side}", "above" if mine > base else "below", f"base_{side}")]


def _analogs(facts: Facts) -> str:
    if not has(facts, "analog_count"):
        return ""
    lead = say(
        facts,
        "analogs",
        "Of the past days most like the newest ({analog_count} out of {analog_searched} since "
        "{analog_since}) {analog_bear} were followed by a bear session, {analog_neutral} by a "
        "small move and {analog_bull} by a bull session",
        "What followed the days most like it ({analog_count} out of {analog_searched} since "
        "{analog_since}): bear {analog_bear}, small move {analog_neutral}, bull {analog_bull}",
    )
    return (
        f"{lead} (median {{analog_median}}, mostly {{analog_low}} to {{analog_high}}); "
        "such days have shown no skill and move no chance."
    )


def _confirmation(facts: Facts, label: Label) -> str:
    if not has(facts, "prior_high", "prior_low"):
        return ""
    mean = {
        Label.BULLISH: also(facts, "; a slip under the week's mean, {week_vwap}, says to wait"),
        Label.BEARISH: also(facts, "; a return over the week's mean, {week_vwap}, says to wait"),
        Label.NEUTRAL: also(facts, "; the week's mean of {week_vwap} is the likely centre"),
    }[label]
    body = {
        Label.BULLISH: "trade that holds over the prior high, {prior_high}, would confirm",
        Label.BEARISH: "trade that stays under the prior low, {prior_low}, would confirm",
        Label.NEUTRAL: "trade that stays between the prior low, {prior_low}, and the prior high, "
        "{prior_high}, would confirm",
    }[label]
    return f"{say(facts, 'open', 'To watch at the open', 'At the open, watch')}: {body}{mean}."


def _invalidated(snapshot: Snapshot, facts: Facts, label: Label) -> str:
    level, close = invalidation(snapshot, facts, label), facts.number("last_close")
    if level is None or close is None:
        return ""
    side = "over" if level.price > close else "under"
    return f"Trade {side} {{{level.name}}} would contradict the label."


def _events(facts: Facts) -> str:
    high = facts.number("high_today")
    if not high:
        return ""
    next_one = also(facts, "; the next is {next_high}, in {hours_to_high}")
    return f"Scheduled High-impact releases in this session: {{high_today}}{next_one}."
