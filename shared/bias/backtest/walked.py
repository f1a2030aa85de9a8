"""A past period, walked forward: each day forecast from what was known, then held to what came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np

from shared.bias.backtest.labels import monthly
from shared.bias.past.history import Archive, PastDay, walk
from shared.domain.bias import Forecast
from shared.domain.errors import NotFound
from shared.domain.market.instrument import Instrument
from shared.features.indicators import Array
from shared.forecast.probabilities import forecast_by
from shared.forecast.recalibration import Months, closed_month, recalibrated
from shared.forecast.scorecard import Scored
from shared.forecast.vintages import CLASSES, Vintage, vintage_for


@dataclass(slots=True)
class Backtest:
    """All days of a period with their forecasts; `left_out` counts why days have none."""

    days: list[PastDay] = field(default_factory=list)
    forecasts: list[Forecast] = field(default_factory=list)
    tables: list[Vintage] = field(default_factory=list)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)


def run(
    archive: Archive, instruments: Mapping[str, Instrument], since: date, until: date
) -> Backtest:
    """Forecast every session of since..until at the close before it, by the table of then."""
    test, tables = Backtest(), _Tables(monthly(archive, instruments.values()))
    for symbol, instrument in instruments.items():
        missed: dict[str, int] = {}
        for day in walk(archive, instrument, since, until):
            reason = day if isinstance(day, str) else _forecast(test, tables, day)
            if reason:
                missed[reason] = missed.get(reason, 0) + 1
        if missed:
            test.left_out[symbol] = missed
    return test


def _forecast(test: Backtest, tables: "_Tables", day: PastDay) -> str | None:
    try:
        table = tables.at(day.as_of)
    except NotFound as error:
        return str(error)
    test.days.append(day)
    test.tables.append(table)
    test.forecasts.append(forecast_by(table, day.instrument.symbol, day.values))
    return None


@dataclass(slots=True)
class _Tables:
    """The recalibrated table of any instant, worked out once for all instants that share it."""

    months: Months
    known: dict[tuple[str, str], Vintage] = field(default_factory=dict)

    def at(self, as_of: datetime) -> Vintage:
        vintage = vintage_for(as_of)
        name = (vintage.id, closed_month(as_of.date()))
        if name not in self.known:
            self.known[name] = recalibrated(vintage, self.months, as_of)
        return self.known[name]


def scored(test: Backtest, base: Array, *, tradable: bool = False) -> Scored:
    """Put the forecasts beside what came: close to close, or `tradable`, open to close."""
    days, made = test.days, test.forecasts
    return Scored(
        days=np.array([d.after.session.toordinal() for d in days]),
        chances=np.array([(p.bear, p.neutral, p.bull) for p in (f.probabilities for f in made)]),
        base=base,
        labels=np.array([CLASSES.index(f.label) for f in made]),
        outcomes=np.array([CLASSES.index(d.outcome_open if tradable else d.outcome) for d in days]),
        groups={
            "instrument": tuple(d.instrument.symbol for d in days),
            "asset_class": tuple(str(d.instrument.asset_class) for d in days),
            "vintage": tuple(f.table for f in made),
        },
    )
