"""One attempt of a model at one section: who, for what, how many tokens, at what cost."""

from datetime import date
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.domain.bias import Step
from shared.domain.money import ExactDecimal
from shared.domain.time import Instant


class UseOutcome(StrEnum):
    """What came of it."""

    FIRST = "first"  # the first draft was accepted
    REPAIRED = "repaired"
    REFUSED = "refused"  # no draft was accepted: another author wrote
    FAILED = "failed"  # no answer could be read: another author wrote


class ModelUse(BaseModel):
    """What is kept of an attempt.

    Shape: `calls` counts a repair too; `prompt` tokens include the `cached` ones, `thinking` ones
    are billed as output; `cost_usd` None = unknown, never 0; `arm` names the experiment's arm that
    it was assigned to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: Instant
    instrument: str
    session: date
    snapshot_hash: str
    step: Step
    provider: str
    model: str
    prompt: str
    arm: str | None = None
    outcome: UseOutcome
    calls: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    thinking_tokens: int
    cost_usd: ExactDecimal | None
    elapsed_ms: int
