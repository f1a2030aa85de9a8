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
_RELEASE = re.compile(r"-\d{3}$")  # gemini-3.5-flash-001 is a release of gemini-3.5-flash


class Price(BaseModel):
    """One row of the table.

    Units: `input`, `cached`, `output` in USD for a million tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str
    model: str
    valid_from: date
    valid_until: date = date.max
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
        if self.most_prompt_tokens is not None and usage.prompt > self.most_prompt_tokens:
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
    total = Decimal(0)
    for answer in answers:
        model = _RELEASE.sub("", answer.model.removeprefix("models/"))
        row = next((p for p in load_prices() if _serves(p, provider, model, on)), None)
        cost = None if row is None else row.of(answer.usage)
        if cost is None:
            return None
        total += cost
    return total


def _serves(price: Price, provider: str, model: str, on: date) -> bool:
    named = (price.provider, price.model) == (provider, model)
    return named and price.valid_from <= on <= price.valid_until
