"""Estimators of yearly volatility and of the tail; index i of an answer uses rows 0..i alone.

All but the close-to-close one read logarithms and are NaN where a price is not positive.
"""

import math

import numpy as np

from shared.features.indicators import Array, rolling_sd, simple_returns, sma

TAIL_SHARE = 0.05


def realized_volatility(close: Array, period: int, sessions_a_year: int = 252) -> Array:
    """Annualize the standard deviation of the last `period` simple returns, in percent."""
    return rolling_sd(simple_returns(close), period) * math.sqrt(sessions_a_year) * 100


def parkinson_volatility(high: Array, low: Array, period: int, sessions_a_year: int = 252) -> Array:
    """Annualize volatility from the high-low range, in percent.

    Source: Parkinson 1980; variance = mean(ln²(h/l)) / (4 ln 2).
    """
    squares = _log_ratio(high, low) ** 2
    return _annual(sma(squares, period) / (4 * math.log(2)), sessions_a_year)


def garman_klass_volatility(
    prices: tuple[Array, Array, Array, Array], period: int, sessions_a_year: int = 252
) -> Array:
    """Annualize volatility from range and body of each bar, in percent.

    Shape: `prices` are open, high, low, close.
    Source: Garman, Klass 1980; variance = mean(½ ln²(h/l) - (2 ln 2 - 1) ln²(c/o)).
    """
    opened, high, low, close = prices
    body = (2 * math.log(2) - 1) * _log_ratio(close, opened) ** 2
    return _annual(sma(_log_ratio(high, low) ** 2 / 2 - body, period), sessions_a_year)


def yang_zhang_volatility(
    prices: tuple[Array, Array, Array, Array], period: int, sessions_a_year: int = 252
) -> Array:
    """Annualize volatility from gaps and bars together, in percent; free of drift.

    Shape: `prices` are open, high, low, close.
    Source: Yang, Zhang 2000; var(overnight) + k var(open-to-close) + (1 - k) Rogers-Satchell,
    k = 0.34 / (1.34 + (n + 1)/(n - 1)).
    """
    opened, high, low, close = prices
    overnight = np.full(len(close), np.nan)
    overnight[1:] = _log_ratio(opened[1:], close[:-1])
    up, down, body = (_log_ratio(p, opened) for p in (high, low, close))
    satchell = sma(up * (up - body) + down * (down - body), period)
    k = 0.34 / (1.34 + (period + 1) / (period - 1))
    variance = rolling_sd(overnight, period) ** 2 + k * rolling_sd(body, period) ** 2
    return _annual(variance + (1 - k) * satchell, sessions_a_year)


def regime_ratio(close: Array) -> Array:
    """Compare volatility now with usual: ln(sd of 5 returns / sd of 60)."""
    returns = simple_returns(close)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(rolling_sd(returns, 5) / rolling_sd(returns, 60))


def tail_risk(returns: Array) -> tuple[float, float, int]:
    """Return historical value at risk, expected shortfall, and the count of tail days.

    Shape: the tail is the worst 5 % of days; value at risk is the mildest of them, both are losses
    and so positive.
    """
    days = max(1, math.floor(len(returns) * TAIL_SHARE))
    worst = np.sort(returns)[:days]
    return -float(worst[-1]), -float(worst.mean()), days


def _log_ratio(one: Array, other: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((one > 0) & (other > 0), np.log(one / other), np.nan)


def _annual(variance: Array, sessions_a_year: int) -> Array:
    with np.errstate(invalid="ignore"):
        return np.sqrt(variance * sessions_a_year) * 100
