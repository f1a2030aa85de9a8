"""What a day's models cost, vectors too, by step, instrument, provider, prompt or request."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from shared.domain.model_use import EmbeddingUse, ModelUse, Use, UseOutcome
from shared.domain.money import ExactDecimal

_ACCEPTED = (UseOutcome.FIRST, UseOutcome.REPAIRED)


class By(StrEnum):
    """What uses are summed by."""

    STEP = "step"
    INSTRUMENT = "instrument"
    PROVIDER = "provider"
    PROMPT = "prompt"
    MODEL = "model"
    REQUEST = "request"  # one computation of a bias


class CostLine(BaseModel):
    """The sum of some uses.

    Shape: `sections` and `accepted` count attempts at sections; calls for vectors write none.
    `cost_usd` None when a use has no known cost (`unpriced` counts those); `known_usd` is the sum
    of the others. `estimated_tokens` of the prompt tokens, and `estimated_usd` of the known cost,
    rest on our own count, rather too high: the provider told none.
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
    estimated_tokens: int
    estimated_usd: ExactDecimal


_VECTORS = "embeddings"  # of no instrument, prompt or request: one text serves many
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


def sum_by(uses: Iterable[Use], by: By) -> list[CostLine]:
    """Add up uses under each name, the dearest first."""
    groups: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        groups[_name(use, by)].append(use)
    lines = [line_of(name, group) for name, group in groups.items()]
    return sorted(lines, key=lambda line: (-line.known_usd, line.name))


def line_of(name: str, uses: Iterable[Use]) -> CostLine:
    """Add up uses under one name; one unknown cost makes the sum unknown."""
    found = list(uses)
    attempts = [use for use in found if isinstance(use, ModelUse)]
    vectors = [use for use in found if isinstance(use, EmbeddingUse)]
    estimated = [use for use in vectors if use.estimated]
    unpriced, total = sum(use.cost_usd is None for use in found), _known(found)
    return CostLine(
        name=name,
        sections=len(attempts),
        accepted=sum(use.outcome in _ACCEPTED for use in attempts),
        calls=sum(use.calls for use in attempts) + len(vectors),
        prompt_tokens=sum(use.prompt_tokens for use in attempts) + _tokens(vectors),
        cached_tokens=sum(use.cached_tokens for use in attempts),
        output_tokens=sum(use.output_tokens for use in attempts),
        thinking_tokens=sum(use.thinking_tokens for use in attempts),
        cost_usd=None if unpriced else total,
        known_usd=total,
        unpriced=unpriced,
        estimated_tokens=_tokens(estimated),
        estimated_usd=_known(estimated),
    )


def _name(use: Use, by: By) -> str:
    if isinstance(use, ModelUse):
        return _NAMES[by](use)
    match by:
        case By.STEP:
            return f"{_VECTORS}: {use.purpose}"
        case By.PROVIDER:
            return use.provider
        case By.MODEL:
            return f"{use.provider} {use.model}"
        case By.INSTRUMENT | By.PROMPT | By.REQUEST:
            return _VECTORS


def _tokens(vectors: Iterable[EmbeddingUse]) -> int:
    return sum(use.tokens for use in vectors)


def _known(uses: Iterable[Use]) -> Decimal:
    return sum((use.cost_usd for use in uses if use.cost_usd is not None), Decimal(0))
