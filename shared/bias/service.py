"""One bias for everybody: cached, stored, or computed once while others wait."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from weakref import WeakValueDictionary

from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.bias.evidence.finding import with_evidence
from shared.bias.moments import Occasion, check_offered, current_occasion
from shared.bias.months import OutcomeMonths
from shared.bias.past_days import PastDaysStore
from shared.bias.pipeline import write_bias
from shared.bias.snapshot import take_snapshot
from shared.bias.store import BiasStore
from shared.domain.bias import Bias, Moment, Unavailable
from shared.domain.errors import InvalidInput, LeaseHeld, NotFound
from shared.domain.instrument import Instrument
from shared.forecast.model_weight import ModelWeight, model_weight
from shared.forecast.probabilities import forecast
from shared.forecast.vintages import vintage_for
from shared.lease import Leases
from shared.market.sessions import record_deadline
from shared.market.store import MarketStore
from shared.ports import Cache, Clock, Documents, Entropy
from shared.retrieval.search import Search

_log = logging.getLogger(__name__)

_POLL_S = 0.25
_SPARE_S = 15.0  # store and features, beside the analysts' deadline


_LEANS_COUNT = timedelta(days=3 * 365)  # what a model was worth longer ago says little of it now

CacheState = Literal["fresh", "stored", "cached"]


@dataclass(frozen=True, slots=True)
class Served:
    """An answer and how it came about; kept apart, so that equal answers are equal bytes.

    Shape: `cache` is fresh (computed for this call), stored, or cached (in this process).
    """

    bias: Bias
    cache: CacheState
    elapsed_ms: int


@dataclass(slots=True)
class RecordReport:
    """What a round of forecasts of record did, by instrument.

    Shape: `not_due` = outside of the time between the close and the cut-off; `links` are the
    numbers of the chain's links that came of it.
    """

    written: list[str] = field(default_factory=list)
    already: list[str] = field(default_factory=list)
    not_due: list[str] = field(default_factory=list)
    unavailable: list[Unavailable] = field(default_factory=list)
    links: list[int] = field(default_factory=list)

    def add(self, other: "RecordReport") -> None:
        """Take in what another part of the same round did."""
        self.written += other.written
        self.already += other.already
        self.not_due += other.not_due
        self.unavailable += other.unavailable


@dataclass(frozen=True, slots=True)
class Sources:
    """Where snapshots come from and answers go, and by which clock."""

    market: MarketStore
    documents: Documents
    cache: Cache
    clock: Clock
    entropy: Entropy
    calendar_source: str = "official"
    texts: Search | None = None  # None: there is no index of texts, and answers say so


class BiasService:
    """Answers for the 21.

    Units: `cache_ttl_s` seconds of the response cache; `deadline_s` seconds that all six sections
    may take, which bounds how long others wait for a computation under way.
    """

    def __init__(
        self,
        sources: Sources,
        analyst: Analyst,
        instruments: Mapping[str, Instrument],
        *,
        cache_ttl_s: float = 300.0,
        deadline_s: float = 60.0,
    ) -> None:
        self._sources = sources
        self._analyst = analyst
        self._instruments = instruments
        self._clock = sources.clock
        self._store = BiasStore(sources.documents, sources.clock, sources.entropy)
        self._months = OutcomeMonths(sources.documents, sources.clock)
        self._past_days = PastDaysStore(sources.documents)
        self._leases = Leases(sources.documents, sources.clock, sources.entropy)
        self._cache_ttl_s = cache_ttl_s
        self._deadline_s = deadline_s
        self._flight_s = deadline_s + _SPARE_S
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def bias(self, symbol: str, *, moment: Moment | None = None) -> Served | Unavailable:
        """Return the answer of the current session, at its current moment or at an earlier one.

        Idempotent: one snapshot a session, moment and prompt set; the second call reads the first.
        Raises: InvalidInput for an unknown symbol or a moment that is not offered, LeaseHeld when a
        computation under way takes too long, StoreUnavailable.
        """
        started = self._clock.monotonic()
        current = current_occasion(self._known(symbol), self._clock.now())
        wanted = current if moment is None else self._asked(current, moment)
        name = self._name(wanted)
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:  # one caller of this process reads or computes, the others find it cached
            known = await self._find(wanted, name)
            found = known or await self._fly(wanted, current, name)
        if isinstance(found, Unavailable):
            return found
        bias, cache = found
        if cache != "cached":
            payload = bias.model_dump_json().encode()
            await self._sources.cache.put(name, payload, self._cache_ttl_s)
        elapsed_ms = round((self._clock.monotonic() - started) * 1000)
        _log.info(
            "bias.served",
            extra={"instrument": symbol, "cache": cache, "duration_ms": elapsed_ms},
        )
        return Served(bias, cache, elapsed_ms)

    async def board(self, moment: Moment | None = None) -> list[Served | Unavailable]:
        """Return all instruments in the order of the house.

        Raises: as `bias`.
        """
        return list(await asyncio.gather(*(self.bias(s, moment=moment) for s in self._instruments)))

    async def record(self, symbols: Iterable[str] | None = None) -> RecordReport:
        """Write the forecasts of record that are due: after a close, before the cut-off.

        Shape: of these instruments; of all without.
        Idempotent: a forecast of record is written once and stays.
        Raises: StoreUnavailable, LeaseHeld.
        """
        report = RecordReport()
        for symbol in symbols or self._instruments:
            occasion = current_occasion(self._known(symbol), self._clock.now())
            if await self._store.has_record(symbol, occasion.session):
                report.already.append(symbol)
            elif not self._may_record(occasion):
                report.not_due.append(symbol)
            else:
                await self._record(occasion, report)
        return report

    async def _record(self, occasion: Occasion, report: RecordReport) -> None:
        symbol = occasion.instrument.symbol
        answer = await self.bias(symbol, moment=Moment.CLOSE)
        if isinstance(answer, Unavailable):
            report.unavailable.append(answer)
        elif answer.bias.of_record:
            report.written.append(symbol)
        else:
            report.not_due.append(symbol)  # the cut-off passed while the answer was written

    def _may_record(self, occasion: Occasion) -> bool:
        deadline = record_deadline(occasion.instrument, occasion.session)
        return occasion.moment is Moment.CLOSE and self._clock.now() <= deadline

    def _known(self, symbol: str) -> Instrument:
        if symbol not in self._instruments:
            raise InvalidInput(f"no instrument {symbol!r}", expected=tuple(self._instruments))
        return self._instruments[symbol]

    @staticmethod
    def _asked(current: Occasion, moment: Moment) -> Occasion:
        check_offered(moment)
        return Occasion(current.instrument, current.session, moment)

    def _name(self, occasion: Occasion) -> str:
        symbol, session = occasion.instrument.symbol, occasion.session
        return f"bias-{symbol}-{session}-{occasion.moment}-{self._analyst.name}"

    async def _find(self, occasion: Occasion, name: str) -> tuple[Bias, CacheState] | None:
        kept = await self._sources.cache.get(name)
        if kept is not None:
            return Bias.model_validate_json(kept), "cached"
        stored = await self._store.find(occasion, self._analyst.name)
        return None if stored is None else (stored, "stored")

    async def _fly(
        self, wanted: Occasion, current: Occasion, name: str
    ) -> tuple[Bias, CacheState] | Unavailable:
        """Compute under a lease that only one worker of all instances can hold."""
        if wanted.moment is not current.moment:
            return _no_snapshot(wanted, current)
        give_up = self._clock.monotonic() + self._flight_s
        while True:
            try:
                held = await self._leases.acquire(name, self._flight_s)
            except LeaseHeld:
                if self._clock.monotonic() >= give_up:
                    raise
                await self._clock.sleep(_POLL_S)
                held = None
            try:
                stored = await self._store.find(wanted, self._analyst.name)
                if stored is not None:
                    return stored, "stored"
                if held is not None:
                    fresh = await self._compute(wanted)
                    return fresh if isinstance(fresh, Unavailable) else (fresh, "fresh")
            finally:
                if held is not None:
                    await self._leases.release(held)

    async def _compute(self, occasion: Occasion) -> Bias | Unavailable:
        now = self._clock.now()
        snapshot = await take_snapshot(
            self._sources.market, occasion, now, calendar_source=self._sources.calendar_source
        )
        if isinstance(snapshot, Unavailable):
            return snapshot
        snapshot = await self._past_days.beside(snapshot, occasion.instrument)
        snapshot = await with_evidence(snapshot, occasion.instrument, self._sources.texts)
        try:
            months = await self._months.read(vintage_for(snapshot.as_of).fitted_until)
            calibrated = forecast(occasion.instrument, snapshot.features, snapshot.as_of, months)
        except NotFound as error:
            return _unavailable(occasion, str(error))
        bias = await write_bias(
            self._analyst,
            snapshot,
            calibrated,
            created_at=now,
            weigh=self._weigh,
            deadline=Deadline.within(self._clock, self._deadline_s),
        )
        # decided after the models have answered: only what is written by the cut-off counts
        return await self._store.save(snapshot, bias, for_record=self._may_record(occasion))

    async def _weigh(self, provider: str, model: str) -> ModelWeight:
        since = self._clock.now().date() - _LEANS_COUNT
        return model_weight(await self._months.lean_days(provider, model, since))


def _no_snapshot(wanted: Occasion, current: Occasion) -> Unavailable:
    when = "is past and none was taken" if wanted.moment is Moment.CLOSE else "has not come yet"
    return _unavailable(
        wanted, f"the {wanted.moment} snapshot {when}; the current one is {current.moment}"
    )


def _unavailable(occasion: Occasion, reason: str) -> Unavailable:
    symbol, session = occasion.instrument.symbol, occasion.session
    return Unavailable(instrument=symbol, session=session, reason=reason)
