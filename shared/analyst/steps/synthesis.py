"""Step 6 in words: the label by lift, what it rests on, what speaks against it, where it ends."""

from shared.analyst.drivers import Signal, drivers_of, invalidation
from shared.analyst.facts import Facts
from shared.analyst.steps.points import claim, has
from shared.domain.bias import Claim, Label, SectionDraft, Snapshot

_CHANCES = (
    "Chances: bear {p_bear} (normal day {base_bear}), neutral {p_neutral} (normal day "
    "{base_neutral}), bull {p_bull} (normal day {base_bull})."
)
_RESTS_ON = (
    "The chances rest on the volatility state ({regime_ratio}) and 20-session momentum "
    "({momentum20}) alone; all other readings explain the day and do not move them."
)


def write(facts: Facts, snapshot: Snapshot) -> SectionDraft:
    """Draft the synthesis."""
    label = Label(facts.word("label") or "")
    drivers = drivers_of(facts, label)
    findings = [_CHANCES, _lift(facts, label), "{edge}."]
    if has(facts, "regime_ratio", "momentum20"):
        findings.append(_RESTS_ON)
    if drivers.supporting:
        findings.append(f"In agreement: {_listed(drivers.supporting)}.")
    findings.append(_confirmation(facts, label))
    risks = [_invalidated(snapshot, facts, label)]
    if drivers.contradicting:
        risks.insert(0, f"Against it: {_listed(drivers.contradicting)}.")
    if facts.number("high_today"):
        risks.append("Scheduled High-impact releases in this session: {high_today}.")
    claims = [s.claim for s in (*drivers.supporting, *drivers.contradicting)]
    return SectionDraft(
        headline="{instrument} for {session_date}: {wording}",
        findings=tuple(f for f in findings if f),
        risks=tuple(r for r in risks if r),
        claims=tuple(dict.fromkeys([*_lift_claims(facts, label), *claims])),
    )


def _listed(signals: tuple[Signal, ...]) -> str:
    return "; ".join(signal.text for signal in signals)


def _lift(facts: Facts, label: Label) -> str:
    if label is Label.NEUTRAL and (facts.number("lift") or 0) < 1:
        return "No class gains enough over a normal day to be named; the label is {label}."
    return (
        "{label} gains most against a normal day: {lift}, at a calibrated chance of {confidence}."
    )


def _lift_claims(facts: Facts, label: Label) -> list[Claim]:
    """Compare the label's chance with its base rate; the other classes need no claim."""
    side = {Label.BEARISH: "bear", Label.NEUTRAL: "neutral", Label.BULLISH: "bull"}[label]
    mine, base = facts.number(f"p_{side}"), facts.number(f"base_{side}")
    if mine is None or base is None or mine == base:
        return [claim("confidence", "positive")]
    return [claim(f"p_{side}", "above" if mine > base else "below", f"base_{side}")]


def _confirmation(facts: Facts, label: Label) -> str:
    if not has(facts, "prior_high", "prior_low"):
        return ""
    return {
        Label.BULLISH: "To watch at the open: trade that holds over the prior high, {prior_high}, "
        "would confirm.",
        Label.BEARISH: "To watch at the open: trade that stays under the prior low, {prior_low}, "
        "would confirm.",
        Label.NEUTRAL: "To watch at the open: trade that stays between the prior low, {prior_low}, "
        "and the prior high, {prior_high}, would confirm.",
    }[label]


def _invalidated(snapshot: Snapshot, facts: Facts, label: Label) -> str:
    level = invalidation(snapshot, facts, label)
    if level is None:
        return ""
    side = "over" if label is Label.BEARISH else "under"
    return f"Trade {side} {{{level.name}}} would contradict the label."
