"""What many scored forecasts are worth together: every figure with its sample size and interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.features.indicators import Array

Whole = npt.NDArray[np.int64]
BLOCK, DRAWS, SEED = 10, 2000, 20230831
BINS = 10
SUSPECT = 0.01  # a skill above this means a look-ahead until shown otherwise
_NEUTRAL, _BULL = 1, 2  # of CLASSES
LOG_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Scored:
    """Forecasts with their outcomes as arrays, one row a forecast.

    Shape: `days` numbers the session dates; `chances` and `base` have a column for each of CLASSES,
    `base` is the climatology that skill is measured against; `labels` and `outcomes` are indexes
    into CLASSES; `groups` names what the rows can be split by (instrument, asset class, provider).
    """

    days: Whole
    chances: Array
    base: Array
    labels: Whole
    outcomes: Whole
    groups: Mapping[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.days)

    def rows(self, chosen: npt.NDArray[np.bool_]) -> "Scored":
        """Keep the chosen rows."""
        groups = {
            name: tuple(v for v, kept in zip(values, chosen, strict=True) if kept)
            for name, values in self.groups.items()
        }
        return Scored(
            self.days[chosen],
            self.chances[chosen],
            self.base[chosen],
            self.labels[chosen],
            self.outcomes[chosen],
            groups,
        )

    def split(self, group: str) -> dict[str, "Scored"]:
        """Divide the rows by one of the groups, in the order of first appearance."""
        names = np.array(self.groups[group])
        return {str(name): self.rows(names == name) for name in dict.fromkeys(names.tolist())}

    def naming(self, labels: Whole) -> "Scored":
        """Score a forecaster that only names these labels: all probability on one class."""
        return replace(self, labels=labels, chances=np.eye(3)[labels])


def rps(chances: Array, outcomes: Whole) -> Array:
    """Ranked probability score of each row: 0 best, 1 worst."""
    came = np.eye(3)[outcomes]
    misses = (chances.cumsum(axis=1) - came.cumsum(axis=1))[:, :2]
    scores: Array = (misses**2).sum(axis=1) / 2
    return scores


def brier(chances: Array, outcomes: Whole) -> Array:
    """Squared distance from the class that came: 0 best, 2 worst."""
    scores: Array = ((chances - np.eye(3)[outcomes]) ** 2).sum(axis=1)
    return scores


def log_loss(chances: Array, outcomes: Whole) -> Array:
    """Surprise in nats, a chance below 1e-6 counted as 1e-6."""
    came = np.take_along_axis(chances, outcomes[:, None], axis=1)[:, 0]
    return -np.log(np.maximum(came, LOG_FLOOR))


@lru_cache(maxsize=4)  # ten years of dates take 40 MB; all figures of one set come in a row
def _drawn(dates: int) -> Array:
    """How often each date comes in each draw of circular blocks; seeded."""
    random = np.random.default_rng(SEED)
    blocks = -(-dates // BLOCK)
    starts = random.integers(0, dates, size=(DRAWS, blocks))
    flat = (np.arange(DRAWS)[:, None] * dates + starts).ravel()
    counts = np.bincount(flat, minlength=DRAWS * dates).reshape(DRAWS, dates)
    drawn = np.zeros((DRAWS, dates))
    for k in range(BLOCK):
        drawn += np.roll(counts, k, axis=1)
    return drawn


def interval(days: Whole, top: Array, bottom: Array) -> tuple[float, float, float]:
    """Return sum(top) / sum(bottom) with its 95 % interval, low and high; whole dates resampled."""
    index = np.unique(days, return_inverse=True)[1]
    sums = np.column_stack([np.bincount(index, weights=x) for x in (top, bottom)])
    drawn = _drawn(len(sums)) @ sums
    kept = drawn[:, 1] > 0
    low, high = np.percentile(drawn[kept, 0] / drawn[kept, 1], [2.5, 97.5])
    return float(top.sum() / bottom.sum()), float(low), float(high)


def difference(
    first: tuple[Whole, Array], second: tuple[Whole, Array]
) -> tuple[float, float, float] | None:
    """Return how far the second mean lies above the first, with its 95 % interval, low and high.

    Shape: each is days and values; both are resampled by the same whole dates, so that what a day
    did to both cancels. None for fewer dates than two blocks: every draw would be the same.
    """
    dates = np.unique(np.concatenate([first[0], second[0]]))
    if len(dates) < 2 * BLOCK:
        return None
    columns = []
    for days, values in (first, second):
        index = np.searchsorted(dates, days)
        columns += [np.bincount(index, weights=w, minlength=len(dates)) for w in (values, None)]
    drawn = _drawn(len(dates)) @ np.column_stack(columns)
    kept = drawn[(drawn[:, 1] > 0) & (drawn[:, 3] > 0)]
    low, high = np.percentile(kept[:, 2] / kept[:, 3] - kept[:, 0] / kept[:, 1], [2.5, 97.5])
    return float(second[1].mean() - first[1].mean()), float(low), float(high)


def _skill(scored: Scored, loss: Array, base: Array) -> tuple[float, float, float]:
    ratio, low, high = interval(scored.days, loss, base)
    return 1 - ratio, 1 - high, 1 - low


def reliability(chances: Array, came: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """Compare what was said with what came, in ten bins of equal count.

    Shape: n, said (mean chance), came (share), each bin from the lowest chance up.
    """
    order = np.argsort(chances, kind="stable")
    bins = (part for part in np.array_split(order, BINS) if len(part))
    return [
        {"n": len(b), "said": float(chances[b].mean()), "came": float(came[b].mean())} for b in bins
    ]


def ece(bins: Sequence[Mapping[str, float]]) -> float:
    """Average how far what came lies from what was said."""
    total = sum(b["n"] for b in bins)
    return sum(b["n"] * abs(b["said"] - b["came"]) for b in bins) / total


def _ece_interval(scored: Scored, confidence: Array) -> tuple[float, float]:
    """Resample dates, the bins staying as they are; chance alone keeps the lower end above 0."""
    right = scored.labels == scored.outcomes
    index = np.unique(scored.days, return_inverse=True)[1]
    gaps = np.zeros((index.max() + 1, BINS + 1))
    for i, rows in enumerate(np.array_split(np.argsort(confidence, kind="stable"), BINS)):
        np.add.at(gaps[:, i], index[rows], confidence[rows] - right[rows])
    gaps[:, BINS] = np.bincount(index)
    drawn = _drawn(len(gaps)) @ gaps
    errors = np.abs(drawn[:, :BINS]).sum(axis=1) / drawn[:, BINS]
    low, high = np.percentile(errors, [2.5, 97.5])
    return float(low), float(high)


def summarize(scored: Scored) -> dict[str, Any]:
    """Work out every figure of a set of forecasts.

    Shape: skills, hits and probabilities as fractions; `_lo` and `_hi` the 95 % block bootstrap; a
    figure without any day to count is None.
    """
    if not len(scored):
        return {"n": 0}
    return _skills(scored) | _calibration(scored) | _hits(scored)


def _skills(scored: Scored) -> dict[str, Any]:
    figures: dict[str, Any] = {"n": len(scored), "dates": len(np.unique(scored.days))}
    for name, measure in (("rps", rps), ("brier", brier), ("log_loss", log_loss)):
        own = measure(scored.chances, scored.outcomes)
        base = measure(scored.base, scored.outcomes)
        skill, low, high = _skill(scored, own, base)
        mean, lowest, highest = interval(scored.days, own, np.ones(len(own)))
        figures |= {name: mean, f"{name}_lo": lowest, f"{name}_hi": highest}
        figures |= {f"{name}_climatology": float(base.mean())}
        figures |= {f"{name}_skill": skill, f"{name}_skill_lo": low, f"{name}_skill_hi": high}
    return figures | {"suspect": figures["rps_skill_lo"] > SUSPECT}


def _calibration(scored: Scored) -> dict[str, Any]:
    confidence = np.take_along_axis(scored.chances, scored.labels[:, None], axis=1)[:, 0]
    bins = reliability(confidence, scored.labels == scored.outcomes)
    classes = ("bear", "neutral", "bull")
    by_class = {
        name: ece(reliability(scored.chances[:, i], scored.outcomes == i))
        for i, name in enumerate(classes)
    }
    median, high = np.percentile(confidence, [50, 99])
    top = scored.chances.max(axis=1)
    lowest, highest = _ece_interval(scored, confidence)
    return {
        "ece": ece(bins),
        "ece_lo": lowest,
        "ece_hi": highest,
        "ece_by_class": by_class,
        "reliability": bins,
        "confidence_p50": float(median),
        "confidence_p99": float(high),
        "confidence_max": float(confidence.max()),
        "top_chance_max": float(top.max()),
        "sharpness": float(top.std()),
        "labels": {n: float((scored.labels == i).mean()) for i, n in enumerate(classes)},
    }


def _hits(scored: Scored) -> dict[str, Any]:
    ones = np.ones(len(scored))
    right = (scored.labels == scored.outcomes).astype(float)
    hit, low, high = interval(scored.days, right, ones)
    figures: dict[str, Any] = {
        "hit3": hit,
        "hit3_lo": low,
        "hit3_hi": high,
        "hit3_always_bullish": float((scored.outcomes == _BULL).mean()),
    }
    sided = (scored.labels != _NEUTRAL) & (scored.outcomes != _NEUTRAL)
    names = ("direction_hit", "direction_lo", "direction_hi")
    found: tuple[float | None, ...] = (None, None, None)
    always = None
    if sided.any():
        found = interval(scored.days, right * sided, sided.astype(float))
        always = float((scored.outcomes[sided] == _BULL).mean())
    figures |= dict(zip(names, found, strict=True))
    return figures | {"direction_n": int(sided.sum()), "direction_always_bullish": always}
