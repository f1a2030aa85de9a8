"""Fit shared/forecast/vintages/*.json: one dated coefficient table a half-year.

`python -m infra.fit.vintages [--data DIR] [--check]` reads DIR (default: ../shared/market) and
rewrites the tables, each with the hashes of its rows; --check tells whether they drifted.
No randomness: Newton's method on a convex loss from zero. What is committed are class counts and
coefficients, never a price.
"""

import argparse
import asyncio
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np

from infra.fit.sample import fingerprint
from shared.bias.backtest.labels import CLIMATOLOGY_WEIGHT
from shared.bias.past.history import Archive, PastDay, open_archive, walk
from shared.features.indicators import Array
from shared.forecast.predictors import LIMIT, PREDICTORS
from shared.forecast.scorecard import Whole
from shared.forecast.vintages import CLASSES, Counts, Slope, Vintage
from shared.market.registry import VIX, load_instruments

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "market"
OUTPUT = ROOT / "shared" / "forecast" / "vintages"
FIRST, CUT_OFF = date(2016, 1, 1), date(2023, 8, 31)  # nothing later may be fitted on
DATES = (*(date(y, m, 1) for y in range(2018, 2024) for m in (1, 7)), date(2024, 1, 1))
GUARD = timedelta(days=7)
SHARE = 0.3  # of the logistic in the mix, set beforehand: see docs/reference/forecast.md
PENALTY = 100.0  # half the squared weights cost this much: see docs/reference/forecast.md
_STEPS = 25
_DIGITS = 5


@dataclass(frozen=True)
class Table:
    """All days as arrays, one row a day."""

    symbols: tuple[str, ...]
    labelled: tuple[datetime, ...]
    values: Array  # predictors, NaN where missing
    outcomes: Whole  # index into CLASSES

    def closed_by(self, until: date) -> "Table":
        """Keep the labels that had closed by the end of a day."""
        end = datetime.combine(until, time(), UTC) + timedelta(days=1)
        rows = [i for i, at in enumerate(self.labelled) if at <= end]
        return Table(
            tuple(self.symbols[i] for i in rows),
            tuple(self.labelled[i] for i in rows),
            self.values[rows],
            self.outcomes[rows],
        )


def last_label(dated: date) -> date:
    """Name the last day whose closes may enter the table of a date."""
    return min(dated - GUARD - timedelta(days=1), CUT_OFF)


def read_days(archive: Archive, symbols: Iterable[str]) -> list[PastDay]:
    known = load_instruments()
    found = (d for s in symbols for d in walk(archive, known[s], FIRST, CUT_OFF))
    return [day for day in found if isinstance(day, PastDay)]


def tabulate(days: Sequence[PastDay]) -> Table:
    return Table(
        tuple(d.instrument.symbol for d in days),
        tuple(d.labelled_at for d in days),
        np.array([d.values for d in days]),
        np.array([CLASSES.index(d.outcome) for d in days]),
    )


def fit(
    table: Table,
    dated: date,
    data: dict[str, str],
    *,
    inputs: str = "",
    share: float = SHARE,
    penalty: float = PENALTY,
) -> Vintage:
    """Fit the table of a date from the labels closed a week before it."""
    until = last_label(dated)
    known = table.closed_by(until)
    names, means, sds, columns = _standardize(known.values)
    counts = {s: _counts(known, s) for s in dict.fromkeys(known.symbols)}
    empty = Vintage(
        id=f"{dated:%Y-%m}",
        dated=dated,
        fitted_until=until,
        data=data,
        inputs=inputs,
        climatology_weight=CLIMATOLOGY_WEIGHT,
        share=share,
        penalty=penalty,
        pooled=_counts(known, None),
        instruments=counts,
        intercepts=(0.0, 0.0),
        slopes={},
    )
    weights = solve(columns, known.outcomes, _offsets(empty, known.symbols), penalty)
    rounded = weights.round(_DIGITS).tolist()
    slopes = {
        name: Slope(mean=mean, sd=sd, bear=bear, bull=bull)
        for name, mean, sd, (bear, bull) in zip(names, means, sds, rounded[1:], strict=True)
    }
    intercepts = (rounded[0][0], rounded[0][1])
    return empty.model_copy(update={"intercepts": intercepts, "slopes": slopes})


def _standardize(values: Array) -> tuple[list[str], list[float], list[float], Array]:
    """Put each predictor in standard deviations, leaving out those that never varied."""
    names, means, sds, columns = [], [], [], []
    for predictor, column in zip(PREDICTORS, values.T, strict=True):
        known = column[np.isfinite(column)]
        if len(known) == 0 or known.std() == 0:
            continue
        mean, sd = round(float(known.mean()), _DIGITS), round(float(known.std()), _DIGITS)
        standard = np.clip((column - mean) / sd, -LIMIT, LIMIT)
        columns.append(np.where(np.isfinite(standard), standard, 0.0))
        names.append(predictor.name)
        means.append(mean)
        sds.append(sd)
    return names, means, sds, np.column_stack([np.ones(len(values)), *columns])


def _counts(table: Table, symbol: str | None) -> Counts:
    rows = [symbol is None or s == symbol for s in table.symbols]
    bear, neutral, bull = np.bincount(table.outcomes[rows], minlength=3).tolist()
    return (bear, neutral, bull)


def _offsets(vintage: Vintage, symbols: Sequence[str]) -> Array:
    base = {s: vintage.base_rates(s) for s in dict.fromkeys(symbols)}
    logs = {s: np.log([p.bear / p.neutral, p.bull / p.neutral]) for s, p in base.items()}
    return np.array([logs[s] for s in symbols])


def solve(inputs: Array, outcomes: Whole, offsets: Array, penalty: float) -> Array:
    """Return the weights (row: intercept and predictors; column: bear, bull against Neutral).

    Newton's method; the intercepts are not penalized.
    """
    width = inputs.shape[1]
    came = np.column_stack([outcomes == 0, outcomes == 2]).astype(float)
    cost = np.tile(np.r_[0.0, np.full(width - 1, penalty)], 2)
    weights = np.zeros((width, 2))
    for _ in range(_STEPS):
        odds = np.exp(offsets + inputs @ weights)
        chances = odds / (1 + odds.sum(axis=1, keepdims=True))
        gradient = (inputs.T @ (chances - came)).T.ravel() + cost * weights.T.ravel()
        step = np.linalg.solve(_curvature(inputs, chances) + np.diag(cost), gradient)
        weights -= step.reshape(2, width).T
        if np.abs(step).max() < 1e-10:
            break
    return weights


def _curvature(inputs: Array, chances: Array) -> Array:
    bear, bull = chances.T
    mixed = -(inputs.T * (bear * bull)) @ inputs
    own = [(inputs.T * (p * (1 - p))) @ inputs for p in (bear, bull)]
    return np.block([[own[0], mixed], [mixed, own[1]]])


def data_hashes(folder: Path, symbols: Iterable[str], until: date) -> dict[str, str]:
    """Hash the rows of each file that could enter a fit."""
    files = [f"daily/{s}.csv" for s in (*symbols, VIX)]
    files += sorted(f"calendar/{path.name}" for path in (folder / "calendar").glob("*.csv"))
    hashes = {}
    for name in files:
        rows = (folder / name).read_text(encoding="utf-8").splitlines()
        used = [row for row in rows[1:] if row[:10] <= until.isoformat()]
        hashes[name] = hashlib.sha256("\n".join(used).encode()).hexdigest()
    return hashes


def render(vintage: Vintage) -> str:
    return json.dumps(vintage.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"


def build(folder: Path) -> list[Vintage]:
    symbols = tuple(load_instruments())
    table = tabulate(
        read_days(asyncio.run(open_archive(folder, load_instruments().values(), CUT_OFF)), symbols)
    )
    inputs = fingerprint()
    return [
        fit(table, dated, data_hashes(folder, symbols, last_label(dated)), inputs=inputs)
        for dated in DATES
    ]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    drifted = 0
    for vintage in build(options.data):
        path, text = OUTPUT / f"{vintage.id}.json", render(vintage)
        same = path.is_file() and path.read_text(encoding="utf-8") == text
        drifted += not same
        if not options.check:
            path.write_text(text, encoding="utf-8")
        print(
            f"{path.name}: {sum(vintage.pooled):,} labels to {vintage.fitted_until}, same: {same}"
        )
    return int(options.check and drifted > 0)


if __name__ == "__main__":
    raise SystemExit(main())
