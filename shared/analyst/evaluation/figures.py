"""What many trials of one prompt are worth together."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from shared.analyst.evaluation.trials import PLAIN, RERUN, Trial
from shared.analyst.render import placeholders
from shared.domain.bias import Label, SectionDraft
from shared.domain.model_use import UseOutcome as Outcome
from shared.ports import Usage

_TOKENS = ("prompt", "cached", "output", "thinking")


def summarize(
    trials: Sequence[Trial],
    rules: Mapping[str, SectionDraft],
    labels: Mapping[str, Label],
    skipped: int = 0,
) -> dict[str, Any]:
    """Work out every figure of one step and prompt.

    Shape: as docs/prompts/README.md tells; shares are fractions of `n`, the plain trials; a figure
    that cannot be told (no lean, no rerun, an unknown price) is None. `rules` and `labels` hold,
    by snapshot, the rules' draft and the label that they are compared with.
    """
    plain = [t for t in trials if t.purpose == PLAIN]
    drafts = [t.draft for t in plain if t.draft is not None]
    return {
        "n": len(plain),
        "skipped": skipped,
        **_outcomes(plain),
        **_spent(trials, plain),
        "latency_ms": {
            "p50": _percentile([t.elapsed_ms for t in plain], 0.5),
            "p95": _percentile([t.elapsed_ms for t in plain], 0.95),
        },
        "length": {
            "characters": _mean(len("".join(d.sentences)) for d in drafts),
            "findings": _mean(len(d.findings) for d in drafts),
            "claims": _mean(len(d.claims) for d in drafts),
        },
        "agreement": _agreement(plain, rules, labels),
        "repeatability": _repeatability(trials),
        "sensitivity": _sensitivity(trials),
    }


def _outcomes(plain: Sequence[Trial]) -> dict[str, Any]:
    counts = Counter(t.outcome for t in plain)
    kinds = Counter(str(kind) for t in plain for kind in {f.kind for f in t.faults})
    left = Counter(str(kind) for t in plain for kind in {f.kind for f in t.left})
    valid = [t.schema_valid for t in plain if t.schema_valid is not None]
    return {
        "schema_valid": _share(sum(valid), len(valid)),
        "grounded_first": _share(counts[Outcome.FIRST], len(plain)),
        "repaired": _share(counts[Outcome.REPAIRED], len(plain)),
        "fell_back": _share(counts[Outcome.REFUSED] + counts[Outcome.FAILED], len(plain)),
        "failures": dict(sorted(Counter(t.error for t in plain if t.error).items())),
        "violations": dict(sorted(kinds.items())),
        "violations_after_repair": dict(sorted(left.items())),
        "violations_per_draft": _mean(len(t.faults) for t in plain if t.answers or t.draft),
    }


def _spent(trials: Sequence[Trial], plain: Sequence[Trial]) -> dict[str, Any]:
    costs = [t.cost_usd for t in trials]
    total = None if None in costs else sum((c for c in costs if c is not None), Decimal(0))
    tokens = _tokens([t.usage for t in trials])
    return {
        "calls": sum(len(t.calls) for t in trials),
        "tokens": tokens,
        "tokens_a_section": {n: _mean(getattr(t.usage, n) for t in plain) for n in _TOKENS},
        "cached_share": _share(tokens["cached"], tokens["prompt"]),
        "cost_usd": None if total is None else f"{total:f}",
        "cost_usd_a_section": None if total is None or not trials else float(total / len(trials)),
    }


def _tokens(used: Sequence[Usage]) -> dict[str, int]:
    return {name: sum(getattr(u, name) for u in used) for name in _TOKENS}


def _agreement(
    plain: Sequence[Trial], rules: Mapping[str, SectionDraft], labels: Mapping[str, Label]
) -> dict[str, Any]:
    """Compare with the rules: the values that are spoken of, and the lean with their label."""
    drafted = [(t.case, t.draft) for t in plain if t.draft is not None]
    leans = [(d.lean, labels[case]) for case, d in drafted if d.lean is not None]
    return {
        "topics": _mean(_overlap(d, rules[case]) for case, d in drafted),
        "label": _share(sum(lean is label for lean, label in leans), len(leans)),
        "leans": len(leans),
    }


def _repeatability(trials: Sequence[Trial]) -> dict[str, Any]:
    """Tell how often the same question is answered another way.

    Shape: `flip_rate` = the share of runs whose lean is not the most frequent one of its snapshot.
    """
    runs: dict[str, list[SectionDraft]] = defaultdict(list)
    repeated = {t.case for t in trials if t.purpose == RERUN}
    for t in trials:
        if t.case in repeated and t.purpose in {PLAIN, RERUN} and t.draft is not None:
            runs[t.case].append(t.draft)
    several = [drafts for drafts in runs.values() if len(drafts) > 1]
    leans = [[d.lean for d in drafts if d.lean is not None] for drafts in several]
    flips = sum(len(one) - max(Counter(one).values()) for one in leans if one)
    again = [(drafts[0], draft) for drafts in several for draft in drafts[1:]]
    return {
        "snapshots": len(several),
        "runs": sum(len(drafts) for drafts in several),
        "flip_rate": _share(flips, sum(len(one) for one in leans)),
        "same_text": _share(sum(a.sentences == b.sentences for a, b in again), len(again)),
        "topics": _mean(_overlap(a, b) for a, b in again),
    }


def _sensitivity(trials: Sequence[Trial]) -> dict[str, Any]:
    """Tell in how many snapshots claims and lean moved when a group of values was turned round."""
    before = {t.case: t.draft for t in trials if t.purpose == PLAIN and t.draft is not None}
    groups: dict[str, list[tuple[SectionDraft, SectionDraft]]] = defaultdict(list)
    for t in trials:
        if t.purpose not in {PLAIN, RERUN} and t.draft is not None and t.case in before:
            groups[t.purpose].append((before[t.case], t.draft))
    return {
        group: {
            "n": len(pairs),
            "claims_moved": _share(
                sum(set(a.claims) != set(b.claims) for a, b in pairs), len(pairs)
            ),
            "lean_moved": _share(sum(a.lean is not b.lean for a, b in pairs), len(pairs)),
        }
        for group, pairs in sorted(groups.items())
    }


def topics(draft: SectionDraft) -> frozenset[str]:
    """Name the values that a draft speaks of or claims something of."""
    named = {name for text in draft.sentences for name in placeholders(text)}
    return frozenset(named | {claim.feature for claim in draft.claims})


def _overlap(one: SectionDraft, other: SectionDraft) -> float:
    either = topics(one) | topics(other)
    return len(topics(one) & topics(other)) / len(either) if either else 1.0


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return round(sum(known) / len(known), 3) if known else None


def _percentile(values: Sequence[int], share: float) -> int | None:
    """Return the smallest value that at least this share does not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1] if values else None
