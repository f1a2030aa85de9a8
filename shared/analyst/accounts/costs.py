"""What a day's models cost, summed by step, instrument, provider, prompt or request."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from shared.domain.model_use import ModelUse, UseOutcome
from shared.domain.money import ExactDecimal

_ACCEPTED = (UseOutcome.FIRST, UseOutcome.REPAIRED)


class By(StrEnum):
    """What attempts are summed by."""

    STEP = "step"
    INSTRUMENT = "instrument"
    PROVIDER = "provider"
    PROMPT = "prompt"
    MODEL = "model"
    REQUEST = "request"  # one computation of a bias


class CostLine(BaseModel):
    """The sum of some attempts.

    Shape: `cost_usd` None when one of them has no known cost (`unpriced` counts those);
    `known_usd` is the sum of the others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    sections: int
    accepted: int
    calls: int
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int
    thinking_tokens: int
    cost_usd: ExactDecimal | None
    known_usd: ExactDecimal
    unpriced: int


_NAMES: Mapping[By, Callable[[ModelUse], str]] = MappingProxyType(
    {
        By.STEP: lambda use: str(use.step),
        By.INSTRUMENT: lambda use: use.instrument,
        By.PROVIDER: lambda use: use.provider,
        By.PROMPT: lambda use: use.prompt,
        By.MODEL: lambda use: f"{use.provider} {use.model}".rstrip(),
        By.REQUEST: lambda use: f"{use.instrument} {use.session} {use.snapshot_hash[:12]}",
    }
)


def sum_by(uses: Iterable[ModelUse], by: By) -> list[CostLine]:
    """Add up attempts under each name, the dearest first."""
    groups: dict[str, list[ModelUse]] = defaultdict(list)
    for use in uses:
        groups[_NAMES[by](use)].append(use)
    lines = [line_of(name, group) for name, group in groups.items()]
    return sorted(lines, key=lambda line: (-line.known_usd, line.name))


def line_of(name: str, uses: Iterable[ModelUse]) -> CostLine:
    """Add up attempts under one name; one unknown cost makes the sum unknown."""
    found = list(uses)
    known = [use.cost_usd for use in found if use.cost_usd is not None]
    unpriced, total = len(found) - len(known), sum(known, Decimal(0))
    return CostLine(
        name=name,
        sections=len(found),
        accepted=sum(use.outcome in _ACCEPTED for use in found),
        calls=sum(use.calls for use in found),
        prompt_tokens=sum(use.prompt_tokens for use in found),
        cached_tokens=sum(use.cached_tokens for use in found),
        output_tokens=sum(use.output_tokens for use in found),
        thinking_tokens=sum(use.thinking_tokens for use in found),
        cost_usd=None if unpriced else total,
        known_usd=total,
        unpriced=unpriced,
    )
