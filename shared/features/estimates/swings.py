"""Pivots as levels that prices have respected, and the state of the swings between them."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.features.indicators import pivots
from shared.features.inputs import Columns

PIVOT_DAYS = 120
CLUSTER_ATR = 0.5
STATES = {
    (1, 1): "higher highs and higher lows",
    (-1, -1): "lower highs and lower lows",
    (1, -1): "higher highs and lower lows",
    (-1, 1): "lower highs and higher lows",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """Pivots that stand within half an ATR of each other.

    Shape: `price` is that of the newest of them; `age` sessions since then.
    """

    price: float
    touches: int
    age: int

    @property
    def score(self) -> float:
        """Weigh touches against age: a touch more outweighs a month."""
        return self.touches - self.age / 20


def turning_points(bars: Columns) -> tuple[list[int], list[int]]:
    """Find the confirmed pivot highs and lows among the last 120 bars, as indexes, oldest first."""
    start = max(0, len(bars) - PIVOT_DAYS)
    highs, lows = pivots(bars.high[start:]), pivots(-bars.low[start:])
    return [start + i for i in highs], [start + i for i in lows]


def clusters(bars: Columns, average: float) -> list[Cluster]:
    """Gather highs and lows alike: what turned prices down before may hold them up later.

    Shape: ascending by price; a chain is cut where it would grow wider than half an ATR.
    """
    highs, lows = turning_points(bars)
    points = sorted(
        [(float(bars.high[i]), i) for i in highs] + [(float(bars.low[i]), i) for i in lows]
    )
    found: list[list[tuple[float, int]]] = []
    for point in points:
        if found and point[0] - found[-1][0][0] <= CLUSTER_ATR * average:
            found[-1].append(point)
        else:
            found.append([point])
    return [_cluster(group, len(bars) - 1) for group in found]


def _cluster(group: Sequence[tuple[float, int]], last: int) -> Cluster:
    price, newest = max(group, key=lambda point: (point[1], point[0]))
    return Cluster(price, len(group), last - newest)


def nearest(found: Sequence[Cluster], close: float) -> tuple[Cluster | None, Cluster | None]:
    """Return the nearest cluster below the close and the nearest above it."""
    below = [c for c in found if c.price < close]
    above = [c for c in found if c.price > close]
    return (
        max(below, key=lambda c: c.price, default=None),
        min(above, key=lambda c: c.price, default=None),
    )


def swing_state(bars: Columns) -> str | None:
    """Compare the last two pivot highs and the last two lows; None while there are fewer."""
    highs, lows = turning_points(bars)
    if len(highs) < 2 or len(lows) < 2:
        return None
    up = 1 if bars.high[highs[-1]] > bars.high[highs[-2]] else -1
    rising = 1 if bars.low[lows[-1]] > bars.low[lows[-2]] else -1
    return STATES[up, rising]
