"""What sessions turned out to be, and when that was known: months and growing base rates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np

from shared.bias.past.history import Archive, PastDay
from shared.domain.market.bars import Series
from shared.domain.market.instrument import Instrument
from shared.features.indicators import Array, atr
from shared.forecast.outcome import classify
from shared.forecast.recalibration import Months, month_of
from shared.forecast.vintages import CLASSES, Counts

CLIMATOLOGY_WEIGHT = 100  # days: what the pooled shares count for


def monthly(archive: Archive, instruments: Iterable[Instrument]) -> Months:
    """Count the outcomes of each month, as scoring does after each close."""
    months: dict[str, dict[str, Counts]] = {}
    for instrument in instruments:
        for label in _labels(archive.prices(instrument)):
            of_month = months.setdefault(month_of(label.session), {})
            counts = list(of_month.get(instrument.symbol, (0, 0, 0)))
            counts[label.outcome] += 1
            of_month[instrument.symbol] = (counts[0], counts[1], counts[2])
    return months


def climatology(
    archive: Archive, instruments: Sequence[Instrument], days: Sequence[PastDay]
) -> Array:
    """Return, for each day, the class shares of its instrument known at its as-of.

    Shape: counted over labels that had closed by then, shrunk to the pooled ones of all.
    """
    known = {i.symbol: _labels(archive.prices(i)) for i in instruments}
    pooled = _Tally.of([pair for pairs in known.values() for pair in pairs])
    own = {symbol: _Tally.of(pairs) for symbol, pairs in known.items()}
    shares = []
    for day in days:
        at = day.as_of.timestamp()
        every = pooled.until(at) + 1 / 3  # before the first label: no class is likelier
        counts = own[day.instrument.symbol].until(at)
        toward = every / every.sum()
        shares.append((counts + CLIMATOLOGY_WEIGHT * toward) / (counts.sum() + CLIMATOLOGY_WEIGHT))
    return np.array(shares).reshape(-1, 3)


class _Label(NamedTuple):
    """What one session turned out to be, and when that was known."""

    closed: float
    outcome: int
    session: date


@dataclass(frozen=True, slots=True)
class _Tally:
    """How often each class had come by any instant."""

    closed: Array
    counts: Array

    @classmethod
    def of(cls, labels: Iterable["_Label"]) -> "_Tally":
        ordered = sorted(labels)
        came = np.eye(3)[[label.outcome for label in ordered]].reshape(-1, 3)
        counts = np.vstack([np.zeros((1, 3)), came.cumsum(axis=0)])
        return cls(np.array([label.closed for label in ordered]), counts)

    def until(self, at: float) -> Array:
        found: Array = self.counts[np.searchsorted(self.closed, at, side="right")]
        return found


def _labels(series: Series | None) -> list[_Label]:
    if series is None or len(series.bars) < 16:
        return []
    bars = series.bars
    prices = np.array([(b.high, b.low, b.close) for b in bars])
    ranges = atr(prices[:, 0], prices[:, 1], prices[:, 2])
    moves = zip(bars[:-1], bars[1:], ranges[:-1].tolist(), strict=True)
    return [
        _Label(
            after.closed_at.timestamp(),
            CLASSES.index(classify(after.close - last.close, known)),
            after.session,
        )
        for last, after, known in moves
        if known > 0
    ]
