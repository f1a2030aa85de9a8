"""Dated coefficient tables: a forecast uses the newest dated by its as-of, never a later one."""

from datetime import date, datetime
from functools import cache
from importlib.resources import files

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from shared.domain.bias import Label, Probabilities
from shared.domain.errors import NotFound
from shared.features.indicators import Array
from shared.forecast.predictors import LIMIT

CLASSES = (Label.BEARISH, Label.NEUTRAL, Label.BULLISH)

# How often each of CLASSES followed.
Counts = tuple[int, int, int]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Slope(_Frozen):
    """What one predictor does: how it is standardized, and its weight for bear and for bull.

    Units: weights in log-odds against Neutral for one standard deviation.
    """

    mean: float
    sd: float = Field(gt=0)
    bear: float
    bull: float


class Vintage(_Frozen):
    """One fitted table.

    Shape: `data` maps each file to the sha256 of the rows that were used; `inputs` is the
    fingerprint of the predictors as they were computed then (infra/fit/sample.py); `slopes` maps a
    predictor's name to its part, one that never varied before the date is absent.
    Units: `climatology_weight` in days: how much history the pooled shares count for; `share` of
    the logistic in the mix.
    """

    id: str
    dated: date
    fitted_until: date  # the last session whose close entered as a label
    data: dict[str, str]
    inputs: str
    climatology_weight: int = Field(gt=0)
    share: float = Field(ge=0, le=1)
    penalty: float = Field(gt=0)
    pooled: Counts
    instruments: dict[str, Counts]
    intercepts: tuple[float, float]
    slopes: dict[str, Slope]

    def base_rates(self, instrument: str) -> Probabilities:
        """Shrink an instrument's class shares to the pooled ones; never seen gives the pooled."""
        return as_probabilities(self._climatology(instrument))

    def chances(self, instrument: str, values: Array, names: tuple[str, ...]) -> Probabilities:
        """Mix the climatology of the instrument with the logistic around it.

        Shape: `values` in the order of `names`; a missing one (NaN) counts as an ordinary day.
        """
        base = self._climatology(instrument)
        scores = np.log(base / base[1]) + self._lean(values, names)
        odds = np.exp(scores - scores.max())
        return as_probabilities((1 - self.share) * base + self.share * odds / odds.sum())

    def _climatology(self, instrument: str) -> Array:
        pooled = np.array(self.pooled) / sum(self.pooled)
        return shrink(np.array(self.instruments.get(instrument, (0, 0, 0))), pooled, self)

    def _lean(self, values: Array, names: tuple[str, ...]) -> Array:
        bear, bull = self.intercepts
        for name, value in zip(names, values.tolist(), strict=True):
            slope = self.slopes.get(name)
            if slope is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
                continue
            standard = min(max((value - slope.mean) / slope.sd, -LIMIT), LIMIT)
            bear += slope.bear * standard
            bull += slope.bull * standard
        return np.array((bear, 0.0, bull))


def shrink(counts: Array, toward: Array, vintage: Vintage) -> Array:
    """Mix counts with a coarser estimate that counts for `climatology_weight` days."""
    weight = vintage.climatology_weight
    mixed: Array = (counts + weight * toward) / (counts.sum() + weight)
    return mixed


def as_probabilities(shares: Array) -> Probabilities:
    """Round to four decimals in such a way that the three still sum to one."""
    bear, bull = round(float(shares[0]), 4), round(float(shares[2]), 4)
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
