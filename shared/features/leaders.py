"""Step 4: how the market moves with the leaders at hand, with an interval or not at all."""

import math
from collections.abc import Mapping
from functools import reduce

import numpy as np

from shared.features import lead_lag
from shared.features.definitions import Definition, Missing, Value, missing_all
from shared.features.estimates.pairs import aligned, correlation, ewma_link, fisher_interval
from shared.features.indicators import Array, simple_returns
from shared.features.inputs import LEADER_WINDOW, Columns, Days, FeatureInputs, columns

DEFINITIONS = (
    Definition("leaders_at_hand", "text", 0, "Which of the seven leaders have bars."),
    Definition("leader_correlation60", "ratio", 2, "With their equal-weight return, 60 days."),
    Definition("leader_correlation_low", "ratio", 2, "Lower end of its 95 % interval (Fisher)."),
    Definition("leader_correlation_high", "ratio", 2, "Upper end of it."),
    Definition("leader_link", "text", 0, "'linked', or 'no link' when the interval contains 0."),
    Definition("leader_beta60", "ratio", 2, "Slope on the leaders' return, 60 days."),
    Definition("leader_correlation_ewma", "ratio", 2, "Correlation weighted by 0.94 a day."),
    Definition("leader_beta_ewma", "ratio", 2, "Slope weighted by 0.94 a day."),
    Definition("leader_return", "pct", 2, "Their equal-weight return on the last common day."),
    Definition(
        "leader_residual", "pct", 2, "Own return less leader_beta60 times theirs, that day."
    ),
    Definition("top_leader", "text", 0, "The leader that moved their mean the most that day."),
    Definition("top_leader_return", "pct", 2, "Its return that day."),
    Definition("breadth_up", "share", 2, "Share of them that rose on the last day."),
    Definition("breadth20", "share", 2, "Share of them above their 20-day mean."),
    Definition("breadth50", "share", 2, "Share of them above their 50-day mean."),
    Definition("leader_dispersion", "pct", 2, "Standard deviation of their returns that day."),
    *lead_lag.DEFINITIONS,
)
DAYS = 60
_LINK = tuple(d.name for d in DEFINITIONS[1:8])


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Compare the instrument with the leaders whose bars are at hand."""
    intraday = lead_lag.compute(inputs)
    given = sorted((inputs.leaders or {}).items())
    found = {s: columns(x, inputs.as_of, last=LEADER_WINDOW) for s, x in given}
    found = {symbol: bars for symbol, bars in found.items() if len(bars) > DAYS}
    if not found:
        return missing_all(DEFINITIONS, "no leader has 61 daily bars") | intraday
    returns = {s: (bars.sessions[1:], simple_returns(bars.close)[1:]) for s, bars in found.items()}
    common = reduce(np.intersect1d, (days for days, _ in returns.values()))
    table = {s: row[np.isin(days, common)] for s, (days, row) in returns.items()}
    basket = np.mean(list(table.values()), axis=0)
    own = (inputs.days.sessions[1:], simple_returns(inputs.days.close)[1:])
    link = _link(own, (common, basket))
    values: dict[str, Value] = {
        "leaders_at_hand": f"{' '.join(found)} ({len(found)} of {inputs.leaders_in_all})"
    }
    values |= link | _day(table) | _breadth(found, table)
    return values | {"leader_residual": _residual(own, (common, basket), link)} | intraday


def _link(own: tuple[Days, Array], basket: tuple[Days, Array]) -> dict[str, Value]:
    mine, theirs = aligned(own, basket)
    if len(mine) < DAYS:
        reason = Missing(f"{DAYS} common days are needed, {len(mine)} exist")
        return dict.fromkeys(_LINK, reason)
    weighted, weighted_beta = ewma_link(mine, theirs)
    mine, theirs = mine[-DAYS:], theirs[-DAYS:]
    if mine.std() == 0 or theirs.std() == 0:
        return dict.fromkeys(_LINK, Missing("one of the two did not move"))
    r = correlation(mine, theirs)
    low, high = fisher_interval(r, DAYS)
    return {
        "leader_correlation60": r,
        "leader_correlation_low": low,
        "leader_correlation_high": high,
        "leader_link": "no link" if low <= 0 <= high else "linked",
        "leader_beta60": r * float(mine.std() / theirs.std()),
        "leader_correlation_ewma": weighted,
        "leader_beta_ewma": weighted_beta,
    }


def _residual(
    own: tuple[Days, Array], basket: tuple[Days, Array], link: Mapping[str, Value]
) -> Value:
    beta = link["leader_beta60"]
    if not isinstance(beta, float):
        return Missing("it needs leader_beta60, which is missing")
    mine, theirs = aligned(own, (basket[0][-1:], basket[1][-1:]))
    if not len(mine):
        return Missing("it had no session on the leaders' last day")
    return float(mine[0] - beta * theirs[0]) * 100


def _day(table: Mapping[str, Array]) -> dict[str, Value]:
    """Read the last common day."""
    day = {symbol: float(row[-1]) for symbol, row in table.items()}
    top = max(day, key=lambda symbol: (abs(day[symbol]), symbol))
    apart: Value = Missing("one leader has no dispersion")
    if len(day) > 1:
        apart = float(np.std(list(day.values()), ddof=1)) * 100
    return {
        "leader_return": math.fsum(day.values()) / len(day) * 100,
        "top_leader": top,
        "top_leader_return": day[top] * 100,
        "leader_dispersion": apart,
    }


def _breadth(found: Mapping[str, Columns], table: Mapping[str, Array]) -> dict[str, Value]:
    return {
        "breadth_up": sum(bool(row[-1] > 0) for row in table.values()) / len(table),
        "breadth20": _share_above(found, 20),
        "breadth50": _share_above(found, 50),
    }


def _share_above(found: Mapping[str, Columns], period: int) -> float:
    above = [bool(b.close[-1] > b.close[-period:].mean()) for b in found.values()]
    return sum(above) / len(above)
