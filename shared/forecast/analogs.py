"""Analog days: the most similar days of the past and what followed them, point in time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from shared.domain.bias import Label, Probabilities
from shared.features.indicators import Array
from shared.forecast.predictors import LIMIT, PREDICTORS
from shared.forecast.probabilities import label_by_lift
from shared.forecast.scorecard import Whole
from shared.forecast.vintages import CLASSES, Slope

NEIGHBOURS = 50
_SHRUNK = 100  # days: what the base rates count for beside those that followed
NEEDED = 250  # days of the past; among fewer the nearest are not near
_AHEAD = 4  # columns before those of the predictors


@dataclass(frozen=True, slots=True)
class PastDays:
    """Days of one instrument with what followed them, ascending by when that was known.

    Shape: `table` has a row a day: ordinal of the session that followed, when it closed (seconds
    since 1970), its class (index into CLASSES), its move in ATR, then the predictors known before
    it, in the order of PREDICTORS.
    """

    table: Array

    @classmethod
    def of(cls, rows: Iterable[Array]) -> "PastDays":
        """Put rows, or tables of them, in order."""
        table = np.vstack([np.empty((0, _AHEAD + len(PREDICTORS))), *rows])
        return cls(table[np.argsort(table[:, 1], kind="stable")])

    def __len__(self) -> int:
        return len(self.table)

    @property
    def sessions(self) -> Whole:
        """Ordinals of the sessions that followed."""
        return self.table[:, 0].astype(np.int64)

    @property
    def outcomes(self) -> Whole:
        """Their classes, as indexes into CLASSES."""
        return self.table[:, 2].astype(np.int64)

    @property
    def moves(self) -> Array:
        """Their moves from close to close, in the ATR known before."""
        moves: Array = self.table[:, 3]
        return moves

    def until(self, as_of: datetime) -> "PastDays":
        """Keep the days of which it was known by then what followed."""
        known = np.searchsorted(self.table[:, 1], as_of.timestamp(), side="right")
        return PastDays(self.table[:known])


def row(
    session: int, labelled_at: datetime, followed: tuple[int, float], predictors: Array
) -> Array:
    """Make a row of PastDays; `followed` are class and move."""
    made: Array = np.concatenate([(session, labelled_at.timestamp(), *followed), predictors])
    return made


@dataclass(frozen=True, slots=True)
class Similar:
    """The nearest days, the closest first.

    Units: `distances` in standard deviations, the root of the mean square over all predictors.
    """

    days: PastDays
    distances: Array

    @property
    def counts(self) -> list[int]:
        """How often each of CLASSES followed."""
        counts: list[int] = np.bincount(self.days.outcomes, minlength=len(CLASSES)).tolist()
        return counts


def similar(
    past: PastDays, today: Array, slopes: Mapping[str, Slope], count: int = NEIGHBOURS
) -> Similar | None:
    """Find the past days most like today, by an exact search; None where too few are known.

    Shape: cut `past` to the as-of first; `slopes` say what a standard deviation was.
    """
    if len(past) < NEEDED:
        return None
    scaled = standardized(np.vstack([past.table[:, _AHEAD:], today]), slopes)
    apart = np.sqrt(((scaled[:-1] - scaled[-1]) ** 2).mean(axis=1))
    found = np.argsort(apart, kind="stable")[:count]
    return Similar(PastDays(past.table[found]), apart[found])


def standardized(values: Array, slopes: Mapping[str, Slope]) -> Array:
    """Put predictors in standard deviations as a dated table knew them; a missing one is ordinary.

    Shape: a row a day, columns in the order of PREDICTORS.
    """
    columns = np.zeros_like(values)
    for i, predictor in enumerate(PREDICTORS):
        slope = slopes.get(predictor.name)
        if slope is not None:
            columns[:, i] = (values[:, i] - slope.mean) / slope.sd
    return np.clip(np.nan_to_num(columns, nan=0.0), -LIMIT, LIMIT)


def forecast(counts: Sequence[int] | None, base: Probabilities) -> tuple[Probabilities, Label]:
    """Make chances and label of how often each class followed: what analog days are scored with.

    Shape: `counts` in the order of CLASSES, shrunk to the base rates; None (too few days were
    known) gives the base rates.
    """
    found = counts or (0, 0, 0)
    days = sum(found) + _SHRUNK
    bear, neutral, bull = (
        (count + _SHRUNK * base.of(label)) / days
        for count, label in zip(found, CLASSES, strict=True)
    )
    chances = Probabilities(bear=bear, neutral=neutral, bull=bull)
    return chances, label_by_lift(chances, base)
