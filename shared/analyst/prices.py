"""What a model call costs, from a dated table; a price that is not known is None, never 0."""

import re
import tomllib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from shared.domain.money import ExactDecimal
from shared.ports import ModelAnswer, Usage

_MILLION = Decimal(1_000_000)
_UNPAID = frozenset({"local"})  # a server of one's own bills nobody
_RELEASE = re.compile(r"-(?:\d{3}|\d{4}-\d\d-\d\d)$")  # gemini-3.5-flash-001, gpt-5.4-2026-03-05


class Price(BaseModel):
    """One row of the table.

    Shape: a model with tiers has a row for each size of prompt.
    Units: `input`, `cached`, `output` in USD for a million tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    model: str
    valid_from: date
    valid_until: date = date.max
    least_prompt_tokens: int = 0
    most_prompt_tokens: int | None = None
    input: ExactDecimal
    cached: ExactDecimal | None = None
    output: ExactDecimal
    source: str
    read: date

    def of(self, usage: Usage) -> Decimal | None:
        """Add up one call; None when it used something without a price."""
        if usage.cached and self.cached is None:
            return None
        fresh = (usage.prompt - usage.cached) * self.input
        kept = usage.cached * (self.cached or Decimal(0))
        written = (usage.output + usage.thinking) * self.output
        return (fresh + kept + written) / _MILLION


@cache
def load_prices() -> tuple[Price, ...]:
    """Read the packaged table."""
    text = files("shared.analyst").joinpath("prices.toml").read_text(encoding="utf-8")
    return tuple(Price.model_validate(row) for row in tomllib.loads(text)["prices"])


def cost_usd(provider: str, answers: Iterable[ModelAnswer], on: date) -> Decimal | None:
    """Add up the calls behind one section; one unknown price makes the sum unknown."""
    if provider in _UNPAID:
        return Decimal(0)
    total = Decimal(0)
    for answer in answers:
        row = next((p for p in load_prices() if _serves(p, provider, answer, on)), None)
        cost = None if row is None else row.of(answer.usage)
        if cost is None:
            return None
        total += cost
    return total


def _serves(price: Price, provider: str, answer: ModelAnswer, on: date) -> bool:
    model = _RELEASE.sub("", answer.model.removeprefix("models/"))
    named = (price.provider, price.model) == (provider, model)
    most = price.most_prompt_tokens
    fits = price.least_prompt_tokens <= answer.usage.prompt <= (most or answer.usage.prompt)
    return named and fits and price.valid_from <= on <= price.valid_until
