"""What was asked of a model: a section, or vectors; how many tokens, at what cost."""

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
    WITHHELD = "withheld"  # nobody was asked: the provider was down, or its money spent


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


class EmbeddingPurpose(StrEnum):
    """What texts are embedded for."""

    INDEX = "index"  # to be found
    SEARCH = "search"  # to find others


class EmbeddingUse(BaseModel):
    """What is kept of one call for vectors.

    Shape: `id` is random, since two calls may be alike in all else; `estimated` where the provider
    told no count and `tokens` are our own, rather too many than too few; `cost_usd` None = unknown,
    never 0: a model without a price, or a call that ended without an answer and may be billed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    at: Instant
    provider: str
    model: str
    purpose: EmbeddingPurpose
    texts: int
    tokens: int
    estimated: bool
    cost_usd: ExactDecimal | None


Use = ModelUse | EmbeddingUse
