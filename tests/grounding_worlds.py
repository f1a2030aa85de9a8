"""Three evenings of SPY on open prices, for tests of what may be said of them."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from shared.analyst.facts import Facts, facts_of
from shared.domain.bias import Forecast, SectionDraft, Snapshot, Step
from shared.forecast.probabilities import forecast
from tests.open_market import open_inputs
from tests.real_days import snapshot_of

EVENINGS = {
    "crash": datetime(2020, 2, 26, 23, 30, tzinfo=UTC),
    "calm": datetime(2020, 1, 15, 23, 30, tzinfo=UTC),
    "rebound": datetime(2020, 6, 3, 23, 30, tzinfo=UTC),
}


@dataclass(frozen=True)
class World:
    """A snapshot with its forecast, and what each step may name."""

    snapshot: Snapshot
    forecast: Forecast

    def facts(self, step: Step) -> Facts:
        return facts_of(self.snapshot, self.forecast if step is Step.SYNTHESIS else None)


@cache
def world(name: str) -> World:
    """Return the evening of that name."""
    inputs = open_inputs("SPY", EVENINGS[name])
    snapshot = snapshot_of(inputs)
    return World(snapshot, forecast(inputs.instrument, snapshot.features, snapshot.as_of))


@cache
def honest_drafts() -> tuple[tuple[str, Step, SectionDraft], ...]:
    """Drafts as a careful human or model would write them: evening, step, draft."""
    return tuple(_draft(row) for row in _fixture("honest_drafts"))


@cache
def strangers_drafts() -> tuple[tuple[str, Step, SectionDraft], ...]:
    """Honest drafts in other voices, by somebody who did not write the checks."""
    return tuple(_draft(row) for row in _fixture("strangers_drafts"))


@cache
def liars_drafts() -> dict[str, tuple[str, Step, SectionDraft]]:
    """Drafts that mislead inside the form, by what they try."""
    return {row["why"]: _draft(row) for row in _fixture("liars_drafts")}


@cache
def direction_pairs() -> tuple[tuple[str, str, str], ...]:
    """A true sentence and a false one of the same evening, one word apart: evening, true, false."""
    return tuple((row["world"], row["true"], row["false"]) for row in _fixture("direction_pairs"))


def _draft(row: dict[str, Any]) -> tuple[str, Step, SectionDraft]:
    draft = SectionDraft.model_validate_json(json.dumps(row["draft"]))
    return row["world"], Step(row["step"]), draft


def _fixture(name: str) -> Any:
    path = Path(__file__).parent / "fixtures" / "analyst" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))
