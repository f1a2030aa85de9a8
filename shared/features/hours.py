"""The bars within the day of given sessions, and what their weight counts."""

import numpy as np

from shared.features.indicators import Array
from shared.features.inputs import Columns, Days, FeatureInputs


def hours_of(inputs: FeatureInputs, sessions: Days) -> Columns | None:
    """Keep the bars of these sessions; None unless every one of them has some."""
    rows = np.flatnonzero(np.isin(inputs.hours.sessions, sessions))
    if len(sessions) == 0 or len(np.unique(inputs.hours.sessions[rows])) < len(sessions):
        return None
    return inputs.hours.pick(rows)


def weights(bars: Columns, volume_kind: str) -> tuple[Array, str]:
    """Weigh bars by volume, or alike where it means nothing; say which: units, ticks or time."""
    if volume_kind == "none" or not np.nansum(bars.volume) > 0:
        return np.ones(len(bars)), "time"
    return np.nan_to_num(bars.volume), "ticks" if volume_kind == "ticks" else "units"


def typical_price(bars: Columns) -> Array:
    """Take the mean of high, low and close of each bar."""
    return (bars.high + bars.low + bars.close) / 3
