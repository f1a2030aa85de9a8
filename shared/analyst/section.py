"""Turns a draft into a section: numbers filled in, features and gaps named, author signed."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from shared.analyst.facts import Facts
from shared.analyst.render import placeholders, render, render_all
from shared.domain.bias import Feature, Level, Section, SectionDraft, Snapshot, Step
from shared.domain.evidence import DocumentLink

_OF_STEP = {
    **dict.fromkeys(("poc", "val", "vah"), Step.FLUX),
    **dict.fromkeys(("support", "resistance", "prior_high"), Step.TECHNICAL),
    **dict.fromkeys(("prior_low", "prior_close"), Step.TECHNICAL),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """Who wrote a draft, from which prompt, at what cost."""

    provider: str
    model: str | None = None
    prompt: str | None = None
    arm: str | None = None
    cost_usd: Decimal | None = None
    elapsed_ms: int = 0
    refused: tuple[str, ...] = ()


def build_section(
    step: Step, draft: SectionDraft, snapshot: Snapshot, facts: Facts, by: Signature
) -> Section:
    """Fill in a draft that has passed grounding.

    Raises: ContractBroken for a name that does not exist.
    """
    return Section(
        step=step,
        headline=render(draft.headline, facts),
        findings=render_all(draft.findings, facts),
        risks=render_all(draft.risks, facts),
        levels=levels_of(step, draft, snapshot),
        documents=documents_of(draft, facts),
        features=features_of(step, draft, snapshot),
        data_quality=data_quality(step, snapshot),
        provider=by.provider,
        model=by.model,
        prompt=by.prompt,
        arm=by.arm,
        lean=draft.lean,
        cost_usd=by.cost_usd,
        elapsed_ms=by.elapsed_ms,
        refused=by.refused,
    )


def features_of(step: Step, draft: SectionDraft, snapshot: Snapshot) -> tuple[Feature, ...]:
    """Return the step's own features; for the synthesis those that the draft refers to."""
    if step is not Step.SYNTHESIS:
        return tuple(f for f in snapshot.features if f.step is step)
    named = _named(draft) | {claim.feature for claim in draft.claims}
    return tuple(f for f in snapshot.features if f.name in named)


def documents_of(draft: SectionDraft, facts: Facts) -> tuple[DocumentLink, ...]:
    """Return the retrieved texts that a draft points to, each once."""
    named = (name for name in dict.fromkeys(draft.documents) if name in facts.documents)
    return tuple(facts.documents[name].link for name in named)


def levels_of(step: Step, draft: SectionDraft, snapshot: Snapshot) -> tuple[Level, ...]:
    """Return the prices to watch that belong to a step or that its text speaks of, by price."""
    named = _named(draft)
    chosen = [x for x in snapshot.levels if x.name in named or _OF_STEP.get(x.kind) is step]
    return tuple(sorted(chosen, key=lambda level: (level.price, level.name)))


def _named(draft: SectionDraft) -> set[str]:
    return {name for text in draft.sentences for name in placeholders(text)}


def data_quality(step: Step, snapshot: Snapshot) -> tuple[str, ...]:
    """Say in words what is missing for a step and why, and which series stands in."""
    if step is Step.SYNTHESIS:
        notes = [f"missing: {what}" for what in snapshot.provenance.missing]
    else:
        by_reason: dict[str, list[str]] = defaultdict(list)
        for feature in snapshot.features:
            if feature.step is step and feature.reason is not None:
                by_reason[feature.reason].append(feature.name)
        notes = [f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()]
    label = snapshot.provenance.proxy_label
    return ((f"prices: {label}",) if label else ()) + tuple(notes)
