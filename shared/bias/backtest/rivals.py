"""Who else could have forecast the same days: naive rivals, and what followed analog days."""

from dataclasses import replace
from typing import Any

import numpy as np

from shared.bias.backtest.labels import CLIMATOLOGY_WEIGHT
from shared.bias.backtest.walked import Backtest
from shared.domain.bias import Label
from shared.features.indicators import Array
from shared.forecast.analogs import PastDays, distribution, similar
from shared.forecast.comparison import compared
from shared.forecast.scorecard import Scored
from shared.forecast.scoring import sign_of_20_days, yesterdays_class
from shared.forecast.vintages import CLASSES

_BULL = CLASSES.index(Label.BULLISH)


def rivals(test: Backtest, forecasts: Scored) -> dict[str, dict[str, Any]]:
    """Score what costs nothing to say, and the analog days, which have no say yet; and our gain."""
    yesterday = [CLASSES.index(yesterdays_class(d.known).label) for d in test.days]
    month = [CLASSES.index(sign_of_20_days(d.known).label) for d in test.days]
    bullish = np.full(len(forecasts), _BULL)
    base = replace(forecasts, chances=forecasts.base, labels=forecasts.base.argmax(axis=1))
    similar = analog_chances(test, forecasts)
    by_lift = (similar - forecasts.base).argmax(axis=1)
    return compared(
        forecasts,
        {
            "climatology": base,
            "always_bullish": forecasts.naming(bullish),
            "yesterdays_class": forecasts.naming(np.array(yesterday)),
            "sign_of_20_days": forecasts.naming(np.array(month)),
            "analog_days": replace(forecasts, chances=similar, labels=by_lift),
        },
    )


def analog_chances(test: Backtest, forecasts: Scored) -> Array:
    """Return, for each day, what followed the most similar earlier days of its instrument.

    Shape: only days whose label had closed by the day's as-of; too few give the climatology.
    """
    chances = forecasts.base.copy()
    symbols = np.array(forecasts.groups["instrument"])
    for symbol in dict.fromkeys(symbols.tolist()):
        rows = np.flatnonzero(symbols == symbol).tolist()
        past = PastDays.of([test.days[i].record for i in rows])
        for i in rows:
            day = test.days[i]
            found = similar(past.until(day.as_of), day.values, test.tables[i].slopes)
            if found is not None:
                outcomes = found.days.outcomes
                chances[i] = distribution(outcomes, forecasts.base[i], CLIMATOLOGY_WEIGHT)
    return chances
