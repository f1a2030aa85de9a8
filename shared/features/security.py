"""Step 1: how much this market moves, and whether that is usual."""

import math

import numpy as np

from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.estimates.pairs import aligned, correlation
from shared.features.estimates.volatility import (
    garman_klass_volatility,
    parkinson_volatility,
    realized_volatility,
    regime_ratio,
    tail_risk,
    yang_zhang_volatility,
)
from shared.features.indicators import (
    Array,
    momentum,
    percentile_rank,
    simple_returns,
    true_range,
)
from shared.features.inputs import Columns, FeatureInputs, columns

DEFINITIONS = (
    Definition("last_close", "price", None, "Close of the last complete session."),
    Definition("day_change", "pct", 2, "Its change against the session before."),
    Definition("true_range", "price", None, "Largest of high-low and both to the previous close."),
    Definition("atr14", "price", None, "True range, Wilder's average of 14 sessions."),
    Definition("atr_pct", "pct", 2, "The same as a share of the close."),
    Definition("range_atr", "atr", 2, "The last true range in ATR known before that session."),
    Definition("realized_vol20", "pct", 1, "Yearly volatility, 20 simple close-to-close returns."),
    Definition("parkinson_vol20", "pct", 1, "Yearly volatility from 20 high-low ranges."),
    Definition("garman_klass_vol20", "pct", 1, "Yearly volatility from 20 ranges and bodies."),
    Definition(
        "yang_zhang_vol20",
        "pct",
        1,
        "Yearly volatility, 20 sessions, gaps included; realized_vol20 where a price is not > 0.",
    ),
    Definition("vol_percentile252", "pct", 0, "Rank of realized_vol20 in its last 252 values."),
    Definition("atr_percentile252", "pct", 0, "Rank of the ATR's share of the close in 252."),
    Definition("regime_ratio", "ratio", 3, "ln(sd of 5 returns / sd of 60): above 0 is livelier."),
    Definition("gap_atr", "atr", 2, "Last open against the close before it, in ATR known then."),
    Definition("gap_p95", "atr", 2, "95 % of the last 252 opening gaps were smaller, in ATR."),
    Definition("move_percentile252", "pct", 0, "Rank of the last move's size in ATR in 252."),
    Definition("momentum20", "pct", 2, "Return over 20 sessions."),
    Definition("var95", "pct", 2, "Daily loss exceeded by the tail of 500 returns (5 %)."),
    Definition("es95", "pct", 2, "Mean daily loss in that tail."),
    Definition("tail_days", "count", 0, "How many days that tail holds."),
    Definition("vix", "index", 2, "Last close of the VIX."),
    Definition("vix_change", "index", 2, "Its change in points against the session before."),
    Definition("vix_correlation60", "ratio", 2, "Of returns with the VIX's change, 60 days."),
)
_TAIL_RETURNS = 500
_VIX_DAYS = 60


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Measure range, volatility, tail and gap of the last complete session."""
    bars = inputs.days
    if len(bars) < 16:
        values = missing_all(DEFINITIONS, f"16 daily bars are needed, {len(bars)} are at hand")
    else:
        averages, year = inputs.day_atr, inputs.instrument.sessions_a_year
        values = _range(bars, averages) | _year(bars, averages) | _volatility(bars, year)
        values |= _tail(bars)
    return values | _vix(inputs)


def _range(bars: Columns, averages: Array) -> dict[str, Value]:
    close = float(bars.close[-1])
    today, before = float(averages[-1]), float(averages[-2])
    last_range = float(true_range(bars.high, bars.low, bars.close)[-1])
    gap = float(bars.open[-1] - bars.close[-2])
    still = Missing("no range in the 14 sessions before")
    return {
        "last_close": close,
        "day_change": float(simple_returns(bars.close)[-1]) * 100,
        "true_range": last_range,
        "atr14": today,
        "atr_pct": today / close * 100 if close > 0 else Missing("the close is not positive"),
        "range_atr": last_range / before if before else still,
        "gap_atr": gap / before if before else still,
    }


def _year(bars: Columns, averages: Array) -> dict[str, Value]:
    """Rank today among the last 252 sessions."""
    before, close = averages[:-1], bars.close
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(close > 0, averages / close, np.nan)
        gaps = np.abs(bars.open[1:] - close[:-1]) / before
        moves = np.abs(np.diff(close)) / before
    gap = float(np.quantile(gaps[-252:], 0.95))
    return {
        "atr_percentile252": _or_short(percentile_rank(share, 252) * 100, 266, bars),
        "gap_p95": _or_short(gap, 267, bars),
        "move_percentile252": _or_short(percentile_rank(moves, 252) * 100, 267, bars),
    }


def _volatility(bars: Columns, year: int) -> dict[str, Value]:
    realized = realized_volatility(bars.close, 20, year)
    prices = (bars.open, bars.high, bars.low, bars.close)
    estimates = {
        "parkinson_vol20": (parkinson_volatility(bars.high, bars.low, 20, year), 20),
        "garman_klass_vol20": (garman_klass_volatility(prices, 20, year), 20),
        "yang_zhang_vol20": (yang_zhang_volatility(prices, 20, year), 21),
    }
    values = {name: _or_short(float(v[-1]), count, bars) for name, (v, count) in estimates.items()}
    if min(float(row[-21:].min()) for row in prices) <= 0:
        values["yang_zhang_vol20"] = _or_short(float(realized[-1]), 21, bars)
    rank = percentile_rank(realized, 252)
    return values | {
        "realized_vol20": _or_short(float(realized[-1]), 21, bars),
        "vol_percentile252": _or_short(rank * 100, 272, bars),
        "regime_ratio": _or_short(float(regime_ratio(bars.close)[-1]), 61, bars),
        "momentum20": _or_short(float(momentum(bars.close)[-1]) * 100, 21, bars),
    }


def _tail(bars: Columns) -> dict[str, Value]:
    names = ("var95", "es95", "tail_days")
    returns = simple_returns(bars.close)[-_TAIL_RETURNS:]
    if len(bars) <= _TAIL_RETURNS or not np.isfinite(returns).all():
        return {name: _or_short(math.nan, _TAIL_RETURNS + 1, bars) for name in names}
    risk, shortfall, days = tail_risk(returns)
    return {"var95": risk * 100, "es95": shortfall * 100, "tail_days": days}


def _or_short(value: float, needed: int, bars: Columns) -> Value:
    if len(bars) < needed:
        return Missing(f"{needed} daily bars are needed, {len(bars)} are at hand")
    return Missing("not defined for these prices") if not math.isfinite(value) else value


def _vix(inputs: FeatureInputs) -> dict[str, Value]:
    bars = columns(inputs.vix, inputs.as_of, last=2 * _VIX_DAYS)
    if len(bars) < 2 or not np.isfinite(bars.close[-2:]).all():
        reason = Missing("no VIX close was known")
        return dict.fromkeys(("vix", "vix_change", "vix_correlation60"), reason)
    return {
        "vix": float(bars.close[-1]),
        "vix_change": float(bars.close[-1] - bars.close[-2]),
        "vix_correlation60": _with_vix(inputs.days, bars),
    }


def _with_vix(own: Columns, vix: Columns) -> Value:
    """Correlate over the days on which both have a bar, and a bar before it."""
    mine = (own.sessions[1:], simple_returns(own.close)[1:])
    theirs = (vix.sessions[1:], np.diff(vix.close))
    pair = [row[-_VIX_DAYS:] for row in aligned(mine, theirs)]
    if len(pair[0]) < _VIX_DAYS:
        return Missing(f"{_VIX_DAYS} common days are needed, {len(pair[0])} exist")
    if not all(np.isfinite(row).all() and row.std() > 0 for row in pair):
        return Missing("one of the two did not move")
    return correlation(*pair)
