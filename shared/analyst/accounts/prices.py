"""What a model call costs, from a dated table; a price that is not known is None, never 0."""

import re
import tomllib
from collections.abc import Callable, Iterable
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

    Shape: a model with tiers has a row for each size of prompt; `cached_source` where the price of
    cached tokens was read, if elsewhere than the others.
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
    cached_source: str | None = None

    def of(self, usage: Usage) -> Decimal | None:
        """Add up one call; None when it used something without a price."""
        if usage.cached and self.cached is None:
            return None
        return self.at_most(usage)

    def at_most(self, usage: Usage) -> Decimal:
        """Add up one call; cached tokens without a price of their own cost what fresh ones do.

        No provider here asks more for reading a prefix it kept than for reading it anew.
        """
        fresh = (usage.prompt - usage.cached) * self.input
        kept = usage.cached * (self.input if self.cached is None else self.cached)
        written = (usage.output + usage.thinking) * self.output
        return (fresh + kept + written) / _MILLION


@cache
def load_prices() -> tuple[Price, ...]:
    """Read the packaged table."""
    text = files("shared.analyst.accounts").joinpath("prices.toml").read_text(encoding="utf-8")
    return tuple(Price.model_validate(row) for row in tomllib.loads(text)["prices"])


def cost_usd(provider: str, answers: Iterable[ModelAnswer], on: date) -> Decimal | None:
    """Add up the calls behind one section; one unknown price makes the sum unknown."""
    return _sum(provider, answers, on, Price.of)


def at_most_usd(provider: str, answers: Iterable[ModelAnswer], on: date) -> Decimal | None:
    """Add up what calls cost at most: for budgets, never shown as what they did cost.

    Shape: None where even that cannot be told, since a model has no row.
    """
    return _sum(provider, answers, on, Price.at_most)


def _sum(
    provider: str,
    answers: Iterable[ModelAnswer],
    on: date,
    price: Callable[[Price, Usage], Decimal | None],
) -> Decimal | None:
    if provider in _UNPAID:
        return Decimal(0)
    total = Decimal(0)
    for answer in answers:
        row = next((p for p in load_prices() if _serves(p, provider, answer, on)), None)
        # an answer without a count of its prompt was not free: nobody counted
        cost = price(row, answer.usage) if row and answer.usage.prompt else None
        if cost is None:
            return None
        total += cost
    return total


def _serves(price: Price, provider: str, answer: ModelAnswer, on: date) -> bool:
    model = answer.model.removeprefix("models/")
    # a row's own name may end like a release: gemini-embedding-001
    named = price.provider == provider and price.model in {model, _RELEASE.sub("", model)}
    most = price.most_prompt_tokens
    fits = price.least_prompt_tokens <= answer.usage.prompt <= (most or answer.usage.prompt)
    return named and fits and price.valid_from <= on <= price.valid_until
