"""Estimated pressure and volume-weighted prices: functions of price and volume already seen.

None of them observes who was the aggressor; that needs trades with their side.
"""

import math

import numpy as np

from shared.features.indicators import Array


def obv(close: Array, volume: Array) -> Array:
    """Add the volume of rising days, subtract that of falling ones; the first day counts whole."""
    return np.cumsum(np.sign(np.diff(close, prepend=close[:1] - 1)) * volume)


def slope(values: Array) -> float:
    """Fit a line by least squares and return its rise for each step."""
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    return float(steps @ values / (steps @ steps))


def close_location(high: Array, low: Array, close: Array) -> Array:
    """Place each close in its bar: -1 at the low, 1 at the high, 0 where the bar has no range."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(high > low, ((close - low) - (high - close)) / (high - low), 0.0)


def money_flow(typical: Array, volume: Array) -> float:
    """Give the money flow index of all rows but the first, 0 to 100; NaN without any flow."""
    change, flow = np.diff(typical), (typical * volume)[1:]
    gain, loss = float(flow[change > 0].sum()), float(flow[change < 0].sum())
    return 100 * gain / (gain + loss) if gain + loss else math.nan


def tick_rule(close: Array, volume: Array) -> float:
    """Sign each bar's volume by its change; the sum as a share of all volume, -1 to 1."""
    return _share(np.sign(np.diff(close)), volume[1:])


def bulk_classification(close: Array, volume: Array) -> float:
    """Split each bar's volume by Φ(change / sd of changes); buys minus sells as a share, -1 to 1.

    Source: Easley, López de Prado, O'Hara 2012.
    """
    changes = np.diff(close)
    sd = float(changes.std(ddof=1))
    if sd == 0:
        return math.nan
    # 2 Φ(x) - 1 = erf(x / √2)
    tilt = np.array([math.erf(x) for x in (changes / (sd * math.sqrt(2))).tolist()])
    return _share(tilt, volume[1:])


def location_delta(location: Array, volume: Array) -> float:
    """Sign each bar's volume by where it closed (Chaikin's money flow), -1 to 1."""
    return _share(location, volume)


def _share(tilt: Array, volume: Array) -> float:
    total = float(volume.sum())
    return float(tilt @ volume) / total if total else math.nan


def vwap(typical: Array, weight: Array) -> tuple[float, float]:
    """Return the weighted mean price and its weighted standard deviation."""
    total = float(weight.sum())
    if not total > 0:
        return math.nan, math.nan
    mean = float(weight @ typical) / total
    return mean, math.sqrt(max(0.0, float(weight @ (typical - mean) ** 2) / total))
