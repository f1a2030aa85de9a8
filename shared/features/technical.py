"""Step 5: trend, momentum and the levels that prices have respected."""

import numpy as np

from shared.domain.bias import Level
from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.estimates.swings import PIVOT_DAYS, clusters, nearest, swing_state
from shared.features.indicators import Array, bollinger, directional, macd, rsi, sma
from shared.features.inputs import Columns, FeatureInputs

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
    Definition("adx14", "index", 1, "Wilder's directional index, 0 to 100: strength, not side."),
    Definition("plus_di14", "index", 1, "Its upward component."),
    Definition("minus_di14", "index", 1, "Its downward component."),
    Definition("bollinger_lower", "price", None, "20-day mean less two population sds."),
    Definition("bollinger_upper", "price", None, "20-day mean and two population sds."),
    Definition("bollinger_position", "share", 2, "Close between the bands: 0 lower, 1 upper."),
    Definition("bollinger_width", "atr", 2, "Distance of the bands, in ATR."),
    Definition("donchian20", "share", 2, "Close in the 20-day range: 0 at its low, 1 at its high."),
    Definition("donchian55", "share", 2, "Close in the 55-day range."),
    Definition("swing_state", "text", 0, "Last two confirmed pivot highs and lows compared."),
    Definition("resistance", "price", None, "Nearest cluster of pivots above the close."),
    Definition("support", "price", None, "Nearest cluster of pivots below the close."),
    Definition("resistance_distance", "atr", 2, "How far above the close it is, in ATR."),
    Definition("support_distance", "atr", 2, "How far below the close it is, in ATR."),
    Definition("resistance_touches", "count", 0, "Pivots of that cluster, within 0.5 ATR."),
    Definition("support_touches", "count", 0, "Pivots of that cluster, within 0.5 ATR."),
    Definition("resistance_age", "sessions", 0, "Sessions since its newest pivot."),
    Definition("support_age", "sessions", 0, "Sessions since its newest pivot."),
    Definition("resistance_score", "ratio", 2, "Touches less a twentieth for each session of age."),
    Definition("support_score", "ratio", 2, "Touches less a twentieth for each session of age."),
    Definition("prior_week_high", "price", None, "Highest price of the week before."),
    Definition("prior_week_low", "price", None, "Lowest price of the week before."),
    Definition("prior_week_close", "price", None, "Last close of the week before."),
    Definition("prior_month_high", "price", None, "Highest price of the month before."),
    Definition("prior_month_low", "price", None, "Lowest price of the month before."),
    Definition("prior_month_close", "price", None, "Last close of the month before."),
)
_NEEDED = 40
_TWO_MONTHS = 62  # sessions; of a market without weekends too
_SLOPE_DAYS = 5
_KINDS = {"high": "prior_high", "low": "prior_low", "close": "prior_close"}


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Measure trend, momentum and the distance to the nearest levels."""
    bars = inputs.days
    if len(bars) < _NEEDED:
        return missing_all(DEFINITIONS, f"{_NEEDED} daily bars are needed, {len(bars)} at hand")
    average = float(inputs.day_atr[-1])
    if average == 0:
        return missing_all(DEFINITIONS, "prices did not move in the last sessions")
    values: dict[str, Value] = {}
    for period in (20, 50, 200):
        values |= _mean(bars.close, period, average)
    values |= _oscillators(bars, average) | _directional(bars) | _ranges(bars, average)
    return values | _nearest(bars, average) | _prior(bars)


def levels(inputs: FeatureInputs, decimals: int) -> tuple[Level, ...]:
    """Return the nearest clusters of pivots and the prior day's, week's and month's prices."""
    bars = inputs.days
    if len(bars) < _NEEDED:
        return ()
    below, above = nearest(clusters(bars, float(inputs.day_atr[-1])), float(bars.close[-1]))
    prior = _prior(bars)
    found: list[tuple[str, Value, str]] = [
        *((n, c.price, n) for n, c in (("resistance", above), ("support", below)) if c),
        ("prior_high", float(bars.high[-1]), "prior_high"),
        ("prior_low", float(bars.low[-1]), "prior_low"),
        ("prior_close", float(bars.close[-1]), "prior_close"),
        *((name, value, _KINDS[name.rpartition("_")[2]]) for name, value in prior.items()),
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
    return {
        "rsi14": float(rsi(bars.close)[-1]),
        "macd": float(line[-1]),
        "macd_signal": float(signal[-1]),
        "macd_histogram": float(line[-1] - signal[-1]) / average,
    }


def _directional(bars: Columns) -> dict[str, Value]:
    strength, plus, minus = directional(bars.high, bars.low, bars.close)
    return {
        "adx14": float(strength[-1]),
        "plus_di14": float(plus[-1]),
        "minus_di14": float(minus[-1]),
    }


def _ranges(bars: Columns, average: float) -> dict[str, Value]:
    lower, upper = (float(band[-1]) for band in bollinger(bars.close[-20:]))
    close = float(bars.close[-1])
    return {
        "bollinger_lower": lower,
        "bollinger_upper": upper,
        "bollinger_position": (close - lower) / (upper - lower)
        if upper > lower
        else Missing("the 20 closes are equal"),
        "bollinger_width": (upper - lower) / average,
        "donchian20": _donchian(bars, 20),
        "donchian55": _donchian(bars, 55),
    }


def _donchian(bars: Columns, period: int) -> Value:
    if len(bars) < period:
        return Missing(f"{period} daily bars are needed, {len(bars)} are at hand")
    top, bottom = float(bars.high[-period:].max()), float(bars.low[-period:].min())
    if top == bottom:
        return Missing(f"the {period} sessions had no range")
    return (float(bars.close[-1]) - bottom) / (top - bottom)


def _nearest(bars: Columns, average: float) -> dict[str, Value]:
    close = float(bars.close[-1])
    below, above = nearest(clusters(bars, average), close)
    values: dict[str, Value] = {
        "swing_state": swing_state(bars) or Missing("fewer than two pivot highs or lows are known")
    }
    for name, side, found in (("resistance", "above", above), ("support", "below", below)):
        parts = ("", "_distance", "_touches", "_age", "_score")
        none = Missing(f"no pivot {side} the close in {PIVOT_DAYS} sessions")
        numbers: tuple[Value, ...] = (none,) * len(parts)
        if found is not None:
            distance = abs(found.price - close) / average
            numbers = (found.price, distance, found.touches, found.age, found.score)
        values |= {f"{name}{part}": value for part, value in zip(parts, numbers, strict=True)}
    return values


def _prior(bars: Columns) -> dict[str, Value]:
    recent = bars.last(_TWO_MONTHS)
    days = [bar.session for bar in recent.bars]
    week = [day.isocalendar()[:2] for day in days]
    month = [(day.year, day.month) for day in days]
    return _before(recent, "week", week) | _before(recent, "month", month)


def _before(bars: Columns, unit: str, spans: list[tuple[int, int]]) -> dict[str, Value]:
    """Give high, low and close of the last span before the one that the newest bar is in."""
    names = [f"prior_{unit}_{part}" for part in ("high", "low", "close")]
    earlier = [span for span in spans if span != spans[-1]]
    if not earlier:
        return dict.fromkeys(names, Missing(f"no {unit} before is at hand"))
    rows = np.flatnonzero([span == earlier[-1] for span in spans])
    prices = (bars.high[rows].max(), bars.low[rows].min(), bars.close[rows[-1]])
    return {name: float(price) for name, price in zip(names, prices, strict=True)}
