"""Indicators over price arrays; index i of an answer uses rows 0..i alone, NaN where too few.

Source: Wilder's recursion, seeds and first valid indexes as TA-Lib has them, bar by bar
(tests/unit/features/test_against_talib.py).
"""

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def _nans(count: int) -> Array:
    return np.full(count, np.nan)


def true_range(high: Array, low: Array, close: Array) -> Array:
    """Take the largest of high-low and the distances of both to the previous close."""
    ranges = _nans(len(close))
    before = close[:-1]
    ranges[1:] = np.maximum(
        high[1:] - low[1:], np.maximum(np.abs(high[1:] - before), np.abs(low[1:] - before))
    )
    return ranges


def wilder(values: Array, period: int) -> Array:
    """Smooth by Wilder's recursion from index 1, seeded with the mean of the first `period`."""
    smooth = _nans(len(values))
    if len(values) <= period:
        return smooth
    current = float(values[1 : period + 1].mean())
    smooth[period] = current
    for i, value in enumerate(values[period + 1 :].tolist(), start=period + 1):
        current = (current * (period - 1) + value) / period
        smooth[i] = current
    return smooth


def atr(high: Array, low: Array, close: Array, period: int = 14) -> Array:
    """Average the true range by Wilder's recursion."""
    return wilder(true_range(high, low, close), period)


def rsi(close: Array, period: int = 14) -> Array:
    """Compare smoothed gains with losses, 0 to 100; 50 where prices did not move at all."""
    change = np.diff(close, prepend=np.nan)
    gain, loss = wilder(np.maximum(change, 0), period), wilder(np.maximum(-change, 0), period)
    total = gain + loss
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(total == 0, 50.0, 100 * gain / total)


def directional(high: Array, low: Array, close: Array, period: int = 14) -> tuple[Array, ...]:
    """Return ADX and the two directional indicators, +DI and -DI, 0 to 100.

    Source: Wilder 1978, with TA-Lib's seeds: sums of the first period - 1 terms.
    """
    up, down = np.diff(high, prepend=np.nan), -np.diff(low, prepend=np.nan)
    plus = _wilder_sum(np.where((up > down) & (up > 0), up, 0.0), period)
    minus = _wilder_sum(np.where((down > up) & (down > 0), down, 0.0), period)
    ranges = _wilder_sum(true_range(high, low, close), period)
    with np.errstate(divide="ignore", invalid="ignore"):
        plus, minus = 100 * plus / ranges, 100 * minus / ranges
        index = 100 * np.abs(plus - minus) / (plus + minus)
    # from the first index on, a day without any direction keeps the index of the day before
    for i in np.flatnonzero(np.isnan(index[period + 1 :])) + period + 1:
        index[i] = index[i - 1]
    adx = _nans(len(close))
    adx[period:] = wilder(np.concatenate(([np.nan], index[period:])), period)[1:]
    return adx, plus, minus


def _wilder_sum(values: Array, period: int) -> Array:
    sums = _nans(len(values))
    if len(values) <= period:
        return sums
    current = float(values[1:period].sum())
    for i, value in enumerate(values[period:].tolist(), start=period):
        current += value - current / period
        sums[i] = current
    return sums


def windows(values: Array, size: int) -> Array:
    """View each run of `size` values; the last row is the newest."""
    return np.lib.stride_tricks.sliding_window_view(values, size)


def _rolled(values: Array, size: int, rolled: Array) -> Array:
    return np.concatenate((_nans(min(size - 1, len(values))), rolled))


def sma(values: Array, period: int) -> Array:
    """Average the last `period` values."""
    if len(values) < period:
        return _nans(len(values))
    return _rolled(values, period, windows(values, period).mean(axis=1))


def rolling_sd(values: Array, period: int) -> Array:
    """Take the sample standard deviation of the last `period` values."""
    if len(values) < period:
        return _nans(len(values))
    return _rolled(values, period, windows(values, period).std(axis=1, ddof=1))


def bollinger(close: Array, period: int = 20, width: float = 2.0) -> tuple[Array, Array]:
    """Return the lower and upper band: the mean of `period` closes and `width` population sds."""
    if len(close) < period:
        return _nans(len(close)), _nans(len(close))
    rows = windows(close, period)
    middle, half = rows.mean(axis=1), width * rows.std(axis=1)
    return _rolled(close, period, middle - half), _rolled(close, period, middle + half)


def ema(values: Array, period: int, start: int) -> Array:
    """Smooth exponentially, seeded at `start` with the mean of the `period` values ending there."""
    smooth = _nans(len(values))
    if len(values) <= start:
        return smooth
    weight = 2 / (period + 1)
    current = float(values[start - period + 1 : start + 1].mean())
    smooth[start] = current
    for i, value in enumerate(values[start + 1 :].tolist(), start=start + 1):
        current += weight * (value - current)
        smooth[i] = current
    return smooth


def macd(close: Array) -> tuple[Array, Array]:
    """Return the 12/26 line and its 9-signal; both EMAs start where the slow one can, at bar 25."""
    line = ema(close, 12, 25) - ema(close, 26, 25)
    signal = ema(line, 9, 33)
    return line, signal


def simple_returns(close: Array) -> Array:
    """Take p/p₋₁ - 1, which stays defined where a price was negative; NaN first."""
    returns = _nans(len(close))
    with np.errstate(divide="ignore", invalid="ignore"):
        returns[1:] = np.diff(close) / close[:-1]
    return returns


def momentum(close: Array, period: int = 20) -> Array:
    """Take the simple return over `period` sessions."""
    moved = _nans(len(close))
    with np.errstate(divide="ignore", invalid="ignore"):
        moved[period:] = close[period:] / close[:-period] - 1
    return moved


def percentile_rank(values: Array, period: int) -> float:
    """Tell which share of the last `period` values lies below the newest, ties counted half."""
    recent = values[-period:]
    if len(recent) < period or np.isnan(recent).any():
        return math.nan
    newest = recent[-1]
    below, ties = np.count_nonzero(recent < newest), np.count_nonzero(recent == newest)
    return float((below + (ties - 1) / 2) / (period - 1))


def pivots(values: Array, k: int = 3) -> list[int]:
    """Find the indexes above their k neighbours on both sides, each known only k bars later."""
    if len(values) < 2 * k + 1:
        return []
    around = windows(values, 2 * k + 1)
    others = np.delete(around, k, axis=1)
    return [int(i) + k for i in np.flatnonzero(around[:, k] > others.max(axis=1))]
