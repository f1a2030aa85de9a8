"""Measures grounding: `python -m tests.grounding_report corruptions` or `history [every nth]`.

The history is every weekday evening of 2018 to August 2023 in all 21 markets of ../shared/market.
"""

import sys
from collections import Counter
from datetime import UTC, datetime

from shared.analyst.facts import facts_of
from shared.analyst.grounding import violations
from shared.analyst.rules import write_draft
from shared.domain.bias import Forecast, Snapshot, Step
from shared.market.registry import load_instruments
from tests.grounding_corruptions import CORRUPTIONS
from tests.grounding_worlds import EVENINGS, honest_drafts, world
from tests.real_days import ALL_AT_HAND, evenings, taken

_LAST = datetime(2023, 8, 29, 23, 30, tzinfo=UTC)


def corruptions() -> None:
    """Print how many of each kind were made, and how many were not found."""
    bases = [(step, draft, world(name).facts(step)) for name, step, draft in honest_drafts()]
    for name in EVENINGS:
        for step in Step:
            draft = write_draft(step, world(name).snapshot, world(name).forecast)
            bases.append((step, draft, world(name).facts(step)))
    for kind, corrupt in CORRUPTIONS.items():
        made = missed = 0
        for step, draft, facts in bases:
            for wrong in corrupt(draft, facts):
                made += 1
                if not violations(step, wrong, facts):
                    missed += 1
                    _say(f"missed: {kind}: {wrong}")
        _say(f"| {kind} | {made:,} | {made - missed:,} |")


def history(every: int) -> None:
    """Print how many texts of the rules raised an alarm, and each alarm."""
    if not ALL_AT_HAND:
        raise SystemExit("../shared/market is not here: nothing to read")
    days = [day for day in evenings(_LAST, 1200) if day.year >= 2018][::every]
    counted: Counter[str] = Counter()
    for day in days:
        for symbol in load_instruments():
            counted += alarms(*taken(symbol, day))
    _say(f"{len(days)} evenings: {dict(counted)}")


def alarms(snapshot: Snapshot, forecast: Forecast) -> Counter[str]:
    """Count the sections, their sentences and the alarms of one snapshot; alarms are printed."""
    counted: Counter[str] = Counter(snapshots=1)
    for step in Step:
        draft = write_draft(step, snapshot, forecast)
        facts = facts_of(snapshot, forecast if step is Step.SYNTHESIS else None)
        found = violations(step, draft, facts)
        sentences = 1 + len(draft.findings) + len(draft.risks)
        counted.update({"sections": 1, "sentences": sentences, "alarms": len(found)})
        for fault in found:
            _say(f"{snapshot.instrument} {snapshot.as_of} {step}: {fault}")
    return counted


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["corruptions"]:
            corruptions()
        case ["history"]:
            history(1)
        case ["history", every]:
            history(int(every))
        case _:
            raise SystemExit(__doc__)
