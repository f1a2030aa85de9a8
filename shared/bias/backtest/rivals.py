"""Who else could have forecast the same days: naive rivals, and what followed analog days."""

from dataclasses import replace
from typing import Any

import numpy as np

from shared.bias.backtest.walked import Backtest
from shared.domain.bias import Label, Probabilities
from shared.forecast.analogs import PastDays, forecast, similar
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
    return compared(
        forecasts,
        {
            "climatology": base,
            "always_bullish": forecasts.naming(bullish),
            "yesterdays_class": forecasts.naming(np.array(yesterday)),
            "sign_of_20_days": forecasts.naming(np.array(month)),
            "analog_days": analog_days(test, forecasts),
        },
    )


def analog_days(test: Backtest, forecasts: Scored) -> Scored:
    """Forecast each day by what followed the most similar earlier days of its instrument.

    Shape: only days whose label had closed by the day's as-of; too few give the base rates.
    """
    chances, labels = forecasts.base.copy(), forecasts.labels.copy()
    symbols = np.array(forecasts.groups["instrument"])
    for symbol in dict.fromkeys(symbols.tolist()):
        rows = np.flatnonzero(symbols == symbol).tolist()
        past = PastDays.of([test.days[i].record for i in rows])
        for i in rows:
            day = test.days[i]
            found = similar(past.until(day.as_of), day.values, test.tables[i].slopes)
            bear, neutral, bull = forecasts.base[i].tolist()
            base = Probabilities(bear=bear, neutral=neutral, bull=bull)
            said, label = forecast(None if found is None else found.counts, base)
            chances[i] = [said.of(one) for one in CLASSES]
            labels[i] = CLASSES.index(label)
    return replace(forecasts, chances=chances, labels=labels)
