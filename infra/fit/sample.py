"""A fingerprint of what a fit reads: another one means that the committed tables need a refit.

It is taken of the open files that the repository carries, so that every checkout can tell.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from shared.bias.past.history import Archive, PastDay, open_archive, walk
from shared.forecast.predictors import PREDICTORS
from shared.market.registry import load_instruments

FILES = Path(__file__).parents[1] / "local" / "data"
# Weeks with payrolls, consumer prices and decisions of all four banks in the open calendar.
SINCE, UNTIL = date(2020, 4, 1), date(2020, 5, 8)
OPEN = ("SPY", "EURUSD")
WEEKLONG, LENT = "BTCUSD", "EURUSD"  # no open bars of the one are carried: it borrows the other's


def fingerprint() -> str:
    """Hash the predictors and outcomes of the sample; six digits, so that no machine differs."""
    known = load_instruments()
    archive = asyncio.run(open_archive(FILES, (known[s] for s in OPEN), UNTIL))
    lent = {WEEKLONG: replace(archive.series[LENT], symbol=WEEKLONG)}
    archive = Archive({**archive.series, **lent}, archive.events)
    days = [d for s in (*OPEN, WEEKLONG) for d in walk(archive, known[s], SINCE, UNTIL)]
    lines = [" ".join(p.name for p in PREDICTORS), *_lines(days)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _lines(days: Iterable[PastDay | str]) -> Iterator[str]:
    for day in days:
        if isinstance(day, PastDay):
            yield " ".join([*(f"{value:.6g}" for value in day.values.tolist()), day.outcome])
