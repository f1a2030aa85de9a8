"""Walk every tried setting of the recipe over 2018 to August 2023 and print all of them.

`python -m infra.fit.tried [--data DIR]`: the table in docs/reference/forecast.md. The committed
setting was fixed before this was run, nothing was chosen by it. Without monthly recalibration.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from infra.fit.vintages import (
    CUT_OFF,
    DATA,
    DATES,
    PENALTY,
    SHARE,
    Table,
    fit,
    read_days,
    tabulate,
)
from shared.bias.backtest.labels import climatology
from shared.bias.past.history import Archive, PastDay, open_archive
from shared.features.indicators import Array
from shared.forecast.predictors import PREDICTORS
from shared.forecast.scorecard import Scored, summarize
from shared.market.registry import load_instruments

TRIED = ((SHARE, PENALTY), (SHARE, 1000.0), (0.5, PENALTY), (1.0, PENALTY), (0.0, PENALTY))
SETTINGS = (
    *(("as committed", share, penalty) for share, penalty in TRIED),
    *(("sizes", SHARE, penalty) for penalty in (PENALTY, 10.0, 1000.0)),
)
_NAMES = tuple(p.name for p in PREDICTORS)


def sizes_alone(days: Sequence[PastDay]) -> list[PastDay]:
    """Take the sides out of what is read: the last moves by their size, no trend and no place."""
    sized = [_NAMES.index(name) for name in ("last_move", "momentum")]
    dropped = [_NAMES.index(name) for name in ("trend", "place")]

    def of(values: Array) -> Array:
        found = values.copy()
        found[sized] = np.log1p(np.abs(values[sized]))
        found[dropped] = np.nan
        return found

    return [replace(day, values=of(day.values)) for day in days]


def walked(table: Table, days: Sequence[PastDay], share: float, penalty: float) -> Array:
    """Return the chances of every day by the table of its date, fitted with these settings."""
    vintages = [fit(table, dated, {}, share=share, penalty=penalty) for dated in DATES]
    rows = []
    for day in days:
        known = [v for v in vintages if v.dated <= day.as_of.date()][-1]
        found = known.chances(day.instrument.symbol, day.values, _NAMES)
        rows.append((found.bear, found.neutral, found.bull))
    return np.array(rows)


def describe(archive: Archive, days: Sequence[PastDay]) -> list[str]:
    variants = {"as committed": days, "sizes": sizes_alone(days)}
    judged = [d for d in days if d.as_of.date() >= DATES[0]]
    base = climatology(archive, list(load_instruments().values()), judged)
    when = np.array([d.after.session.toordinal() for d in judged])
    outcomes = tabulate(judged).outcomes
    lines = [
        "| inputs | share of the logistic | penalty | n | RPS skill % [95 %] | 99th % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for inputs, share, penalty in SETTINGS:
        shown = [d for d in variants[inputs] if d.as_of.date() >= DATES[0]]
        chances = walked(tabulate(variants[inputs]), shown, share, penalty)
        found = summarize(Scored(when, chances, base, chances.argmax(axis=1), outcomes, {}))
        skill, low, high = (100 * found[f"rps_skill{end}"] for end in ("", "_lo", "_hi"))
        top = 100 * np.percentile(chances.max(axis=1), 99)
        lines.append(
            f"| {inputs} | {share} | {penalty:g} | {found['n']:,} "
            f"| {skill:+.3f} [{low:+.3f}, {high:+.3f}] | {top:.1f} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=DATA)
    folder = parser.parse_args().data
    archive = asyncio.run(open_archive(folder, load_instruments().values(), CUT_OFF))
    print("\n".join(describe(archive, read_days(archive, load_instruments()))))


if __name__ == "__main__":
    main()
