"""Scores forecasts of record against what happened, beside naive rivals and analog days."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from shared.bias.record.links import Commitment, Commitments
from shared.bias.record.months import OutcomeMonths
from shared.bias.store import BiasStore, Record, is_whole
from shared.domain.bias import Analogs, Label, ModelLean, Probabilities, Snapshot
from shared.domain.errors import AlreadyExists
from shared.domain.market.bars import RESTATED, Bar, Series, Timeframe
from shared.domain.market.instrument import Instrument
from shared.domain.time import from_micros, to_micros
from shared.forecast import scoring
from shared.forecast.chain import commit_until
from shared.forecast.model_weight import SHARE, mixed
from shared.forecast.recalibration import closed_month, month_of
from shared.forecast.vintages import CLASSES
from shared.market.sessions import session_close
from shared.market.store import MarketStore
from shared.ports import Clock, Create, Documents, Entropy, Key, Query

_log = logging.getLogger(__name__)

CAVEAT = (
    "One day proves nothing: a year of all instruments still leaves the direction hit uncertain "
    "by almost three points."
)


@dataclass(slots=True)
class ScoreReport:
    """What a round of scoring did, by instrument; `pending` says why one has no score yet."""

    session: date
    scored: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    pending: dict[str, str] = field(default_factory=dict)
    caveat: str = CAVEAT


@dataclass(frozen=True, slots=True)
class _Day:
    """What happened: the bars known before, the session's own; the ATR and analogs known before."""

    known: tuple[Bar, ...]
    session: Bar
    atr: float
    analogs: Analogs | None


class ScoreBias:
    """The scorer; every figure is computed here, every screen reads it."""

    def __init__(
        self,
        documents: Documents,
        market: MarketStore,
        instruments: Mapping[str, Instrument],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._documents = documents
        self._market = market
        self._instruments = instruments
        self._clock = clock
        self._store = BiasStore(documents, clock, entropy)
        self._months = OutcomeMonths(documents, clock)

    async def score(self, session: date, committed: Commitments) -> ScoreReport:
        """Score the forecasts of record of a session whose close has passed.

        Shape: `committed` is what the chain has; a score says whether it counts by that.
        Idempotent: a score is written once and stays.
        Raises: StoreUnavailable.
        """
        report = ScoreReport(session)
        done = {score["instrument"] for score in await self.scores(session)}
        for record in await self._store.records(session):
            if record.instrument in done:
                report.already.append(record.instrument)
                continue
            day = await self._day(record)
            if isinstance(day, str):
                report.pending[record.instrument] = day
                continue
            counting = self._counting(record, committed.get((record.instrument, session)))
            await self._write(_score(record, day) | counting)
            report.scored.append(record.instrument)
        _log.info(
            "bias.scored", extra={"scored": len(report.scored), "pending": len(report.pending)}
        )
        return report

    async def close_month(self) -> str | None:
        """Count the outcomes of the newest closed month, once; return its name when it was now.

        Idempotent: a month is written once and stays.
        Raises: StoreUnavailable.
        """
        month = closed_month(self._clock.now().date())
        if await self._months.has(month):
            return None
        first = date.fromisoformat(f"{month}-01")
        days = (first + timedelta(days=n) for n in range(31))
        scores = [s for d in days if month_of(d) == month for s in await self.scores(d)]
        if not scores:
            return None
        await self._months.write(month, scores)
        return month

    async def scores(self, session: date) -> Sequence[Mapping[str, Any]]:
        """List a session's scores by instrument.

        Shape: instrument, session, label, outcome, outcome_open_to_close, rps, brier, log_loss,
        hit, direction_hit (None where a Neutral is involved), confidence, `chances` and `base` in
        the order of CLASSES, `rivals`, each with its name, chances and the same measures, and
        `lean`: the same measures of a model's own view with its author, or None; `counts` with the
        chain's `link`, or `why_not`.
        """
        query = Query(
            "scores",
            parent=(),
            where={"session": session.isoformat()},
            order_by="instrument",
        )
        return [document.body for document in (await self._documents.scan(query)).documents]

    async def _day(self, record: Record) -> _Day | str:
        """Find what happened, or say why it is not known."""
        instrument = self._instruments[record.instrument]
        now = self._clock.now()
        if now < session_close(instrument, record.session):
            return "the session has not closed"
        snapshot = await self._store.snapshot(record.snapshot_hash)
        if snapshot is None or snapshot.hash != record.snapshot_hash or not is_whole(record):
            return "the record or its snapshot is not what was written"
        series = await self._series(snapshot)
        if series is None:
            return f"no bars of {snapshot.provenance.series} are stored"
        return _placed(series, record, snapshot)

    def _counting(self, record: Record, found: Commitment | None) -> dict[str, Any]:
        """Say whether a score counts in the scorecard: only what was committed before the open."""
        why = None
        if found is None:
            why = "no link of the chain has it"
        elif found.record != record.chain:
            why = "the chain has another forecast"
        elif found.created_at >= commit_until(self._instruments[record.instrument], record.session):
            why = "it came into the chain after the open"
        link = None if found is None else found.link
        return {"link": link, "counts": why is None, "why_not": why}

    async def _series(self, snapshot: Snapshot) -> Series | None:
        source, now = snapshot.provenance, self._clock.now()
        series = await self._market.series(source.series, Timeframe.DAY, now)
        return series.invert() if series is not None and source.inverted else series

    async def _write(self, body: Mapping[str, Any]) -> None:
        key = Key("scores", (f"{body['instrument']}-{body['session']}",))
        content = {**body, "scored_us": to_micros(self._clock.now())}
        try:
            await self._documents.commit([Create(key, content)])
        except AlreadyExists:
            return  # another worker scored the same record by the same rule


def _placed(series: Series, record: Record, snapshot: Snapshot) -> _Day | str:
    known = series.until(from_micros(record.as_of_us)).bars
    own = next((bar for bar in series.bars if bar.session == record.session), None)
    if own is None:
        return f"the bar of {record.session} has not come from {series.source}"
    if len(known) < scoring.RIVALS_NEED:
        return f"{scoring.RIVALS_NEED} bars before the session are needed, {len(known)} are stored"
    atr = snapshot.feature("atr14")
    if atr is None or not isinstance(atr.value, float) or atr.value <= 0:
        return "no ATR was known before the session"
    return _Day(known, own, atr.value * _restated(known[-1], snapshot), snapshot.analogs)


def _restated(last: Bar, snapshot: Snapshot) -> float:
    """Tell what prices were multiplied with since the snapshot, as by a split before its score."""
    seen = snapshot.feature("last_close")
    if seen is None or not isinstance(seen.value, float) or min(seen.value, last.close) <= 0:
        return 1.0
    factor = last.close / seen.value
    return factor if abs(factor - 1) > RESTATED else 1.0


def _score(record: Record, day: _Day) -> dict[str, Any]:
    forecast = record.forecast
    outcome = scoring.close_to_close(day.known[-1], day.session, day.atr)
    tradable = scoring.open_to_close(day.session, day.atr)
    like_it = None if day.analogs is None else day.analogs.counts
    rivals = [
        {"name": rival.name, "chances": _in_order(rival.probabilities)}
        | _measures(rival.label, rival.probabilities, outcome)
        for rival in (
            *scoring.naive_rivals(day.known, forecast.base_rates),
            scoring.analog_days(like_it, forecast.base_rates),
        )
    ]
    return {
        "instrument": record.instrument,
        "session": record.session.isoformat(),
        "outcome": str(outcome),
        "outcome_open_to_close": str(tradable),
        "confidence": forecast.confidence,
        "snapshot_hash": record.snapshot_hash,
        "vintage": forecast.vintage,
        **_measures(forecast.label, forecast.probabilities, outcome),
        "chances": _in_order(forecast.probabilities),
        "base": _in_order(forecast.base_rates),
        "rivals": rivals,
        "lean": None if record.lean is None else _lean(record.lean, outcome),
    }


def _in_order(chances: Probabilities) -> list[float]:
    return [chances.of(label) for label in CLASSES]


def _lean(lean: ModelLean, outcome: Label) -> dict[str, Any]:
    """Score a model's view apart, and what its share of the chances would have been worth."""
    with_lean = mixed(lean.rules, lean.label, SHARE)
    return {
        "provider": lean.provider,
        "model": lean.model,
        "prompt": lean.prompt,
        "weight": lean.weight,
        **_measures(lean.label, scoring.certain(lean.label), outcome),
        "rules_rps": scoring.rps(lean.rules, outcome),
        "mixed_rps": scoring.rps(with_lean, outcome),
    }


def _measures(label: Label, chances: Probabilities, outcome: Label) -> dict[str, Any]:
    return {
        "label": str(label),
        "rps": round(scoring.rps(chances, outcome), 6),
        "brier": round(scoring.brier(chances, outcome), 6),
        "log_loss": round(scoring.log_loss(chances, outcome), 6),
        "hit": scoring.hit(label, outcome),
        "direction_hit": scoring.direction_hit(label, outcome),
    }
