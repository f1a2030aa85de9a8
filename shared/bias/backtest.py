"""The scorecard of a past period: each day forecast from what was known, then held to what came."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from shared.bias.history import Archive, PastDay, walk
from shared.domain.bars import Series
from shared.domain.bias import Forecast, Label, Step
from shared.domain.errors import NotFound
from shared.domain.instrument import Instrument
from shared.features.indicators import Array, atr
from shared.forecast import analogs
from shared.forecast.outcome import classify
from shared.forecast.predictors import GROUPS, PREDICTORS, STEPS
from shared.forecast.probabilities import forecast_by
from shared.forecast.recalibration import Months, closed_month, month_of, recalibrated
from shared.forecast.scorecard import SEED, Scored, Whole, summarize
from shared.forecast.scoring import sign_of_20_days, yesterdays_class
from shared.forecast.vintages import CLASSES, Counts, Vintage, vintage_for

CLIMATOLOGY_WEIGHT = 100  # days: what the pooled shares count for (quant.md section 5)
_SAMPLE = 1500  # days on which inputs are disturbed
_BULL = CLASSES.index(Label.BULLISH)


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


def monthly(archive: Archive, instruments: Iterable[Instrument]) -> Months:
    """Count the outcomes of each month, as scoring does after each close."""
    months: dict[str, dict[str, Counts]] = {}
    for instrument in instruments:
        for label in _labels(archive.prices(instrument)):
            of_month = months.setdefault(month_of(label.session), {})
            counts = list(of_month.get(instrument.symbol, (0, 0, 0)))
            counts[label.outcome] += 1
            of_month[instrument.symbol] = (counts[0], counts[1], counts[2])
    return months


def climatology(
    archive: Archive, instruments: Sequence[Instrument], days: Sequence[PastDay]
) -> Array:
    """Return, for each day, the class shares of its instrument known at its as-of.

    Shape: counted over labels that had closed by then, shrunk to the pooled ones of all.
    """
    known = {i.symbol: _labels(archive.prices(i)) for i in instruments}
    pooled = _Tally.of([pair for pairs in known.values() for pair in pairs])
    own = {symbol: _Tally.of(pairs) for symbol, pairs in known.items()}
    shares = []
    for day in days:
        at = day.as_of.timestamp()
        every = pooled.until(at) + 1 / 3  # before the first label: no class is likelier
        counts = own[day.instrument.symbol].until(at)
        toward = every / every.sum()
        shares.append((counts + CLIMATOLOGY_WEIGHT * toward) / (counts.sum() + CLIMATOLOGY_WEIGHT))
    return np.array(shares).reshape(-1, 3)


class _Label(NamedTuple):
    """What one session turned out to be, and when that was known."""

    closed: float
    outcome: int
    session: date


@dataclass(frozen=True, slots=True)
class _Tally:
    """How often each class had come by any instant."""

    closed: Array
    counts: Array

    @classmethod
    def of(cls, labels: Iterable["_Label"]) -> "_Tally":
        ordered = sorted(labels)
        came = np.eye(3)[[label.outcome for label in ordered]].reshape(-1, 3)
        counts = np.vstack([np.zeros((1, 3)), came.cumsum(axis=0)])
        return cls(np.array([label.closed for label in ordered]), counts)

    def until(self, at: float) -> Array:
        found: Array = self.counts[np.searchsorted(self.closed, at, side="right")]
        return found


def _labels(series: Series | None) -> list[_Label]:
    if series is None or len(series.bars) < 16:
        return []
    bars = series.bars
    prices = np.array([(b.high, b.low, b.close) for b in bars])
    ranges = atr(prices[:, 0], prices[:, 1], prices[:, 2])
    moves = zip(bars[:-1], bars[1:], ranges[:-1].tolist(), strict=True)
    return [
        _Label(
            after.closed_at.timestamp(),
            CLASSES.index(classify(after.close - last.close, known)),
            after.session,
        )
        for last, after, known in moves
        if known > 0
    ]


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
            "vintage": tuple(f.vintage for f in made),
        },
    )


def rivals(test: Backtest, forecasts: Scored) -> dict[str, dict[str, Any]]:
    """Score what costs nothing to say, and the analog days, which have no say yet."""
    yesterday = [CLASSES.index(yesterdays_class(d.known).label) for d in test.days]
    month = [CLASSES.index(sign_of_20_days(d.known).label) for d in test.days]
    bullish = np.full(len(forecasts), _BULL)
    base = replace(forecasts, chances=forecasts.base, labels=forecasts.base.argmax(axis=1))
    similar = analog_chances(test, forecasts)
    by_lift = (similar - forecasts.base).argmax(axis=1)
    return {
        "climatology": summarize(base),
        "always_bullish": summarize(forecasts.naming(bullish)),
        "yesterdays_class": summarize(forecasts.naming(np.array(yesterday))),
        "sign_of_20_days": summarize(forecasts.naming(np.array(month))),
        "analog_days": summarize(replace(forecasts, chances=similar, labels=by_lift)),
    }


def analog_chances(test: Backtest, forecasts: Scored) -> Array:
    """Return, for each day, what followed the most similar earlier days of its instrument.

    Shape: only days whose label had closed by the day's as-of; too few give the climatology.
    """
    chances = forecasts.base.copy()
    symbols = np.array(forecasts.groups["instrument"])
    for symbol in dict.fromkeys(symbols.tolist()):
        rows = np.flatnonzero(symbols == symbol)
        values = np.array([test.days[i].values for i in rows])
        closed = np.array([test.days[i].labelled_at.timestamp() for i in rows])
        for place, i in enumerate(rows.tolist()):
            known = int(np.searchsorted(closed, test.days[i].as_of.timestamp(), side="right"))
            if known < analogs.NEEDED:
                continue
            scaled = analogs.standardized(
                np.vstack([values[:known], values[place]]), test.tables[i].slopes
            )
            found = rows[analogs.nearest(scaled[-1], scaled[:-1])]
            outcomes = forecasts.outcomes[found]
            chances[i] = analogs.distribution(outcomes, forecasts.base[i], CLIMATOLOGY_WEIGHT)
    return chances


def leaks(forecasts: Scored) -> dict[str, dict[str, Any]]:
    """Score the same forecasts against outcomes that they cannot have known.

    Shape: `shuffled` within each instrument, and `shifted` to the day after; `lost` tells that no
    skill is left: the interval does not lie above zero.
    """
    random = np.random.default_rng(SEED)
    found = {
        "shuffled": _within(forecasts, random.permutation),
        "shifted": _within(forecasts, lambda rows: np.roll(rows, -1)),
    }
    answer = {}
    for name, outcomes in found.items():
        figures = summarize(replace(forecasts, outcomes=outcomes))
        kept = {k: figures[k] for k in ("n", "rps_skill", "rps_skill_lo", "rps_skill_hi")}
        answer[name] = kept | {"lost": figures["rps_skill_lo"] <= 0}
    return answer


def _within(forecasts: Scored, reorder: Callable[[Whole], Whole]) -> Whole:
    outcomes = forecasts.outcomes.copy()
    symbols = np.array(forecasts.groups["instrument"])
    for symbol in dict.fromkeys(symbols.tolist()):
        rows = np.flatnonzero(symbols == symbol)
        outcomes[rows] = forecasts.outcomes[reorder(rows)]
    return outcomes


def sensitivity(test: Backtest) -> dict[str, dict[str, Any]]:
    """Invert or shuffle one group of inputs at a time and tell how far the forecast moves.

    Units: `points` the mean absolute change of the three chances; `labels` the share that changed.
    """
    random = np.random.default_rng(SEED)
    chosen = np.sort(random.permutation(len(test.days))[:_SAMPLE])
    values = np.array([test.days[i].values for i in chosen])
    mean = np.array([_mean(column) for column in values.T])
    report: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        columns = [i for i, p in enumerate(PREDICTORS) if p.group == group]
        inverted, shuffled = values.copy(), values.copy()
        inverted[:, columns] = 2 * mean[columns] - values[:, columns]
        shuffled[:, columns] = values[random.permutation(len(values))][:, columns]
        moves = {
            n: _moved(test, chosen, v) for n, v in (("inverted", inverted), ("shuffled", shuffled))
        }
        used = any(move["points"] > 0 for move in moves.values())
        report[group] = {"n": len(chosen), **moves, "used": used}
    unread = [step for step in Step if step not in (*STEPS, Step.SYNTHESIS)]
    return report | {f"step {step}": {"n": len(chosen), "used": False} for step in unread}


def _mean(column: Array) -> float:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else 0.0


def _moved(test: Backtest, chosen: Whole, values: Array) -> dict[str, float]:
    points, labels = 0.0, 0
    for i, row in zip(chosen.tolist(), values, strict=True):
        before = test.forecasts[i]
        after = forecast_by(test.tables[i], test.days[i].instrument.symbol, row)
        labels += after.label is not before.label
        points += sum(abs(after.probabilities.of(c) - before.probabilities.of(c)) for c in CLASSES)
    count = max(len(values), 1)
    return {"points": 100 * points / (3 * count), "labels": labels / count}
