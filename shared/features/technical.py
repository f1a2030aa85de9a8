"""Step 5: trend, momentum and the levels that prices have respected."""

from datetime import date

import numpy as np

from shared.domain.bias import Level
from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.indicators import Array, atr, macd, pivots, rsi, sma
from shared.features.inputs import Columns, FeatureInputs, columns

DEFINITIONS = (
    Definition("sma20", "price", None, "Mean of 20 closes."),
    Definition("sma50", "price", None, "Mean of 50 closes."),
    Definition("sma200", "price", None, "Mean of 200 closes."),
    Definition("sma20_slope", "atr", 2, "Its change over 5 sessions, in ATR."),
    Definition("sma50_slope", "atr", 2, "Its change over 5 sessions, in ATR."),
    Definition("sma200_slope", "atr", 2, "Its change over 5 sessions, in ATR."),
    Definition("sma20_distance", "atr", 2, "Close minus the 20-day mean, in ATR."),
    Definition("sma50_distance", "atr", 2, "Close minus the 50-day mean, in ATR."),
    Definition("sma200_distance", "atr", 2, "Close minus the 200-day mean, in ATR."),
    Definition("rsi14", "index", 1, "Wilder's relative strength, 0 to 100."),
    Definition("macd", "price", None, "12-day minus 26-day exponential mean."),
    Definition("macd_signal", "price", None, "Its 9-day exponential mean."),
    Definition("macd_histogram", "atr", 3, "MACD minus signal, in ATR."),
    Definition("donchian20", "share", 2, "Close in the 20-day range: 0 at its low, 1 at its high."),
    Definition("resistance", "price", None, "Nearest confirmed pivot high above the close."),
    Definition("support", "price", None, "Nearest confirmed pivot low below the close."),
    Definition("resistance_distance", "atr", 2, "How far above the close it is, in ATR."),
    Definition("support_distance", "atr", 2, "How far below the close it is, in ATR."),
    Definition("prior_week_high", "price", None, "Highest price of the week before."),
    Definition("prior_week_low", "price", None, "Lowest price of the week before."),
)
_NEEDED = 40
_SLOPE_DAYS = 5
_PIVOT_DAYS = 120


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Measure trend, momentum and the distance to the nearest levels."""
    bars = columns(inputs.daily, inputs.as_of)
    if len(bars) < _NEEDED:
        return missing_all(DEFINITIONS, f"{_NEEDED} daily bars are needed, {len(bars)} at hand")
    average = float(atr(bars.high, bars.low, bars.close)[-1])
    if average == 0:
        return missing_all(DEFINITIONS, "prices did not move in the last sessions")
    values: dict[str, Value] = {}
    for period in (20, 50, 200):
        values |= _mean(bars.close, period, average)
    return values | _oscillators(bars, average) | _nearest(bars, average) | _prior_week(bars)


def levels(inputs: FeatureInputs, decimals: int) -> tuple[Level, ...]:
    """Return the nearest pivots and the prior day's and week's extremes."""
    bars = columns(inputs.daily, inputs.as_of)
    if len(bars) < _NEEDED:
        return ()
    above, below = _pivot_levels(bars)
    week = _prior_week(bars)
    found: list[tuple[str, Value, str]] = [
        ("resistance", above if above is not None else Missing("none"), "resistance"),
        ("support", below if below is not None else Missing("none"), "support"),
        ("prior_high", float(bars.high[-1]), "prior_high"),
        ("prior_low", float(bars.low[-1]), "prior_low"),
        ("prior_close", float(bars.close[-1]), "prior_close"),
        ("prior_week_high", week["prior_week_high"], "prior_high"),
        ("prior_week_low", week["prior_week_low"], "prior_low"),
    ]
    return tuple(
        Level(name=name, price=round(price, decimals), kind=kind)
        for name, price, kind in found
        if isinstance(price, float)
    )


def _mean(close: Array, period: int, average: float) -> dict[str, Value]:
    means = sma(close, period)
    names = (f"sma{period}", f"sma{period}_slope", f"sma{period}_distance")
    if len(close) < period + _SLOPE_DAYS:
        reason = f"{period + _SLOPE_DAYS} daily bars are needed, {len(close)} are at hand"
        return dict.fromkeys(names, Missing(reason))
    now, before = float(means[-1]), float(means[-1 - _SLOPE_DAYS])
    return dict(
        zip(names, (now, (now - before) / average, (float(close[-1]) - now) / average), strict=True)
    )


def _oscillators(bars: Columns, average: float) -> dict[str, Value]:
    line, signal = macd(bars.close)
    top, bottom = float(bars.high[-20:].max()), float(bars.low[-20:].min())
    return {
        "rsi14": float(rsi(bars.close)[-1]),
        "macd": float(line[-1]),
        "macd_signal": float(signal[-1]),
        "macd_histogram": float(line[-1] - signal[-1]) / average,
        "donchian20": (
            (float(bars.close[-1]) - bottom) / (top - bottom)
            if top > bottom
            else Missing("the 20 sessions had no range")
        ),
    }


def _pivot_levels(bars: Columns) -> tuple[float | None, float | None]:
    recent = slice(-_PIVOT_DAYS, None)
    highs, lows = bars.high[recent], bars.low[recent]
    close = float(bars.close[-1])
    above = [float(highs[i]) for i in pivots(highs) if highs[i] > close]
    below = [float(lows[i]) for i in pivots(-lows) if lows[i] < close]
    return min(above, default=None), max(below, default=None)


def _nearest(bars: Columns, average: float) -> dict[str, Value]:
    above, below = _pivot_levels(bars)
    close = float(bars.close[-1])
    none_above = Missing(f"no pivot high above the close in {_PIVOT_DAYS} sessions")
    none_below = Missing(f"no pivot low below the close in {_PIVOT_DAYS} sessions")
    return {
        "resistance": none_above if above is None else above,
        "resistance_distance": none_above if above is None else (above - close) / average,
        "support": none_below if below is None else below,
        "support_distance": none_below if below is None else (close - below) / average,
    }


def _prior_week(bars: Columns) -> dict[str, Value]:
    def week(day: date) -> tuple[int, int]:
        return day.isocalendar()[:2]

    newest = week(bars.bars[-1].session)
    earlier = [week(b.session) for b in bars.bars if week(b.session) != newest]
    rows = np.array([bool(earlier) and week(b.session) == earlier[-1] for b in bars.bars])
    if not rows.any():
        reason = Missing("no week before is at hand")
        return {"prior_week_high": reason, "prior_week_low": reason}
    return {
        "prior_week_high": float(bars.high[rows].max()),
        "prior_week_low": float(bars.low[rows].min()),
    }
