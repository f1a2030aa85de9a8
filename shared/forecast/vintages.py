"""Dated coefficient tables: a forecast uses the newest dated by its as-of, never a later one."""

from datetime import date, datetime
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.bias import Label, Probabilities
from shared.domain.errors import NotFound

CLASSES = (Label.BEARISH, Label.NEUTRAL, Label.BULLISH)

# How often each of CLASSES followed.
Counts = tuple[int, int, int]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SeriesCounts(_Frozen):
    """What followed in one series: over all days, and by state ("regime.momentum", terciles)."""

    days: Counts
    states: dict[str, Counts]


class Vintage(_Frozen):
    """One fitted table.

    Shape: `regime_cuts` and `momentum_cuts` are the two borders between terciles; `data` maps each
    file to the sha256 of the rows that were used.
    Units: weights in days: how much history the coarser estimate counts for.
    """

    id: str
    dated: date
    fitted_until: date  # the last session whose close entered as a label
    data: dict[str, str]
    climatology_weight: int = Field(gt=0)
    state_weight: int = Field(gt=0)
    regime_cuts: tuple[float, float]
    momentum_cuts: tuple[float, float]
    pooled: Counts
    series: dict[str, SeriesCounts]

    def base_rates(self, series: str | None) -> Probabilities:
        """Shrink a series' class shares to the pooled ones; None gives the pooled ones."""
        pooled = _shares(self.pooled)
        if series is None:
            return _probabilities(pooled)
        return _probabilities(_shrink(self.series[series].days, pooled, self.climatology_weight))

    def in_state(self, series: str, state: str) -> Probabilities:
        """Shrink what followed a state to the series' base rates."""
        base = _shrink(self.series[series].days, _shares(self.pooled), self.climatology_weight)
        counts = self.series[series].states.get(state, (0, 0, 0))
        return _probabilities(_shrink(counts, base, self.state_weight))

    def state(self, regime_ratio: float, scaled_momentum: float) -> str:
        """Name the state of a day by its terciles."""
        regime = sum(regime_ratio > cut for cut in self.regime_cuts)
        momentum = sum(scaled_momentum > cut for cut in self.momentum_cuts)
        return f"{regime}.{momentum}"


Shares = tuple[float, float, float]


def _shares(counts: Counts) -> Shares:
    total = sum(counts)
    return (counts[0] / total, counts[1] / total, counts[2] / total)


def _shrink(counts: Counts, toward: Shares, weight: int) -> Shares:
    total = sum(counts) + weight
    bear, neutral, bull = ((n + weight * p) / total for n, p in zip(counts, toward, strict=True))
    return (bear, neutral, bull)


def _probabilities(shares: Shares) -> Probabilities:
    bear, bull = round(shares[0], 4), round(shares[2], 4)
    return Probabilities(bear=bear, neutral=round(1 - bear - bull, 4), bull=bull)


@cache
def load_vintages() -> tuple[Vintage, ...]:
    """Read the committed tables, oldest first."""
    tables = files("shared.forecast").joinpath("vintages").iterdir()
    found = (Vintage.model_validate_json(table.read_bytes()) for table in tables)
    return tuple(sorted(found, key=lambda v: v.dated))


def vintage_for(as_of: datetime) -> Vintage:
    """Choose the newest table dated on or before `as_of`.

    Raises: NotFound when every table is later: it would know the future.
    """
    known = [v for v in load_vintages() if v.dated <= as_of.date()]
    if not known:
        first = load_vintages()[0].dated
        raise NotFound(f"no coefficient table is dated by {as_of.date()}; the first is of {first}")
    return known[-1]
