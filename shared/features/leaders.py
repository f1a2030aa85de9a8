"""Step 4: how the market moves with the leaders at hand, with an interval or not at all."""

import math
from collections.abc import Mapping
from datetime import date

import numpy as np

from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.indicators import Array, simple_returns, sma
from shared.features.inputs import Columns, FeatureInputs, columns

DEFINITIONS = (
    Definition("leaders_at_hand", "text", 0, "Which of the seven leaders have bars."),
    Definition("leader_correlation60", "ratio", 2, "With their equal-weight return, 60 days."),
    Definition("leader_correlation_low", "ratio", 2, "Lower end of its 95 % interval (Fisher)."),
    Definition("leader_correlation_high", "ratio", 2, "Upper end of it."),
    Definition("leader_link", "text", 0, "'linked', or 'no link' when the interval contains 0."),
    Definition("leader_beta60", "ratio", 2, "Slope on the leaders' return, 60 days."),
    Definition("leader_return", "pct", 2, "Their equal-weight return on the last day."),
    Definition("breadth_up", "share", 2, "Share of them that rose on the last day."),
    Definition("breadth20", "share", 2, "Share of them above their 20-day mean."),
    Definition("breadth50", "share", 2, "Share of them above their 50-day mean."),
    Definition("leader_dispersion", "pct", 2, "Standard deviation of their returns that day."),
)
DAYS = 60
_Z95 = 1.959964


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Compare the instrument with the leaders whose bars are at hand."""
    found = {s: columns(x, inputs.as_of) for s, x in sorted((inputs.leaders or {}).items())}
    found = {symbol: bars for symbol, bars in found.items() if len(bars) > DAYS}
    if not found:
        return missing_all(DEFINITIONS, "no leader has 61 daily bars")
    returns = {symbol: _returns_by_day(bars) for symbol, bars in found.items()}
    basket = _basket(returns)
    own = _returns_by_day(columns(inputs.daily, inputs.as_of))
    at_hand = f"{' '.join(found)} ({len(found)} of {inputs.leaders_in_all})"
    return {"leaders_at_hand": at_hand} | _link(own, basket) | _breadth(found, returns, basket)


def _returns_by_day(bars: Columns) -> dict[date, float]:
    returns = simple_returns(bars.close)[1:].tolist()
    return dict(zip((bar.session for bar in bars.bars[1:]), returns, strict=True))


def _basket(returns: Mapping[str, Mapping[date, float]]) -> dict[date, float]:
    common = sorted(set.intersection(*(set(r) for r in returns.values())))
    return {day: float(np.mean([r[day] for r in returns.values()])) for day in common}


def _link(own: Mapping[date, float], basket: Mapping[date, float]) -> dict[str, Value]:
    days = [day for day in sorted(basket) if day in own][-DAYS:]
    names = [d.name for d in DEFINITIONS if "correlation" in d.name or d.name.endswith("link")]
    names.append("leader_beta60")
    if len(days) < DAYS:
        return dict.fromkeys(names, Missing(f"{DAYS} common days are needed, {len(days)} exist"))
    mine, theirs = np.array([own[d] for d in days]), np.array([basket[d] for d in days])
    if mine.std() == 0 or theirs.std() == 0:
        return dict.fromkeys(names, Missing("one of the two did not move"))
    r = correlation(mine, theirs)
    low, high = fisher_interval(r, DAYS)
    return {
        "leader_correlation60": r,
        "leader_correlation_low": low,
        "leader_correlation_high": high,
        "leader_link": "no link" if low <= 0 <= high else "linked",
        "leader_beta60": r * float(mine.std() / theirs.std()),
    }


def correlation(one: Array, other: Array) -> float:
    """Correlate two return rows (Pearson)."""
    return float(np.clip(np.corrcoef(one, other)[0, 1], -1.0, 1.0))


def fisher_interval(r: float, count: int) -> tuple[float, float]:
    """Give the 95 % interval of a correlation by Fisher's z."""
    if abs(r) >= 1:
        return r, r
    centre, half = math.atanh(r), _Z95 / math.sqrt(count - 3)
    return math.tanh(centre - half), math.tanh(centre + half)


def _breadth(
    found: Mapping[str, Columns],
    returns: Mapping[str, Mapping[date, float]],
    basket: Mapping[date, float],
) -> dict[str, Value]:
    last = max(basket)
    day = [r[last] for r in returns.values()]
    apart: Value = Missing("one leader has no dispersion")
    if len(day) > 1:
        apart = float(np.std(day, ddof=1)) * 100
    return {
        "leader_return": basket[last] * 100,
        "breadth_up": sum(r > 0 for r in day) / len(day),
        "breadth20": _share_above(found, 20),
        "breadth50": _share_above(found, 50),
        "leader_dispersion": apart,
    }


def _share_above(found: Mapping[str, Columns], period: int) -> float:
    above = [bool(b.close[-1] > sma(b.close, period)[-1]) for b in found.values()]
    return sum(above) / len(above)
