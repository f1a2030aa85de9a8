"""Which side moves first within the day: five-minute returns, shifted by one to three bars.

Only returns from one bar to the next: a night in one market is no five minutes of another.
"""

import numpy as np

from shared.domain.market.bars import Series
from shared.features.definitions import Definition, Value, missing_all
from shared.features.estimates.pairs import aligned, correlation, fisher_interval
from shared.features.indicators import Array
from shared.features.inputs import Columns, Days, FeatureInputs, columns

DEFINITIONS = (
    Definition(
        "lead_lag_bars",
        "count",
        0,
        "Shift of 1 to 3 five-minute bars at which the two agree most; above 0 the leaders lead.",
    ),
    Definition("lead_lag_correlation", "ratio", 2, "Correlation of the returns at that shift."),
    Definition("lead_lag_low", "ratio", 2, "Lower end of its 95 % interval (Fisher, best of 6)."),
    Definition("lead_lag_high", "ratio", 2, "Upper end of it."),
    Definition("lead_lag_series", "text", 0, "Whose five-minute bars are compared with theirs."),
    Definition("lead_lag_link", "text", 0, "'leaders lead', 'leaders follow' or 'no link'."),
)
_SHIFTS = (-3, -2, -1, 1, 2, 3)
_SESSIONS_S = 7 * 86400  # five sessions of a stock market, and the weekend in them
_BARS = 5 * 24 * 12  # a future trades around the clock
_FEWEST = 78
_STEP_S = 300
_Z_BEST_OF_SIX = 2.638257  # 95 % for the best of six shifts (Bonferroni)


def compute(inputs: FeatureInputs) -> dict[str, Value]:
    """Correlate the market's returns with the leaders' returns of before and after."""
    own = _returns(inputs.five_minute, inputs)
    given = sorted((inputs.leaders_5min or {}).items())
    rows = [row for _, series in given if (row := _returns(series, inputs)) is not None]
    if own is None or not rows:
        return missing_all(DEFINITIONS, "no five-minute bars of both were known")
    # only instants at which all of them have a bar: a missing bar must not look like a delay
    instants = rows[0][0]
    for days, _ in rows[1:]:
        instants = np.intersect1d(instants, days)
    basket = np.mean([row[np.isin(at, instants)] for at, row in rows], axis=0)
    if len(np.intersect1d(own[0], instants)) < _FEWEST:
        return missing_all(DEFINITIONS, f"fewer than {_FEWEST} common bars are at hand")
    series = inputs.five_minute.symbol if inputs.five_minute else ""
    return _strongest(own, (instants, basket)) | {"lead_lag_series": series}


def _returns(series: Series | None, inputs: FeatureInputs) -> tuple[Days, Array] | None:
    bars = columns(series, inputs.as_of, last=_BARS)
    if len(bars) < 2 or not (bars.close > 0).all():
        return None
    at = _instants(bars)
    chosen = (np.diff(at) == _STEP_S) & (at[1:] > at[-1] - _SESSIONS_S)
    return at[1:][chosen], np.diff(np.log(bars.close))[chosen]


def _instants(bars: Columns) -> Days:
    return np.array([int(bar.opened_at.timestamp()) for bar in bars.bars], dtype=np.int64)


def _strongest(own: tuple[Days, Array], basket: tuple[Days, Array]) -> dict[str, Value]:
    at, theirs = basket
    pairs = {n: aligned(own, (at + n * _STEP_S, theirs)) for n in _SHIFTS}
    if any(len(x) < _FEWEST // 2 or x.std() == 0 or y.std() == 0 for x, y in pairs.values()):
        return missing_all(DEFINITIONS, "one of the two did not move")
    found = {shift: correlation(*pair) for shift, pair in pairs.items()}
    best = max(found, key=lambda shift: (abs(found[shift]), shift))
    low, high = fisher_interval(found[best], len(pairs[best][0]), z=_Z_BEST_OF_SIX)
    link = "no link" if low <= 0 <= high else f"leaders {'lead' if best > 0 else 'follow'}"
    return {
        "lead_lag_bars": best,
        "lead_lag_correlation": found[best],
        "lead_lag_low": low,
        "lead_lag_high": high,
        "lead_lag_link": link,
    }
