"""One bias for everybody: cached, stored, or computed once while others wait or read the last."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from shared.analyst.analyst import Analyst
from shared.bias.compute import ComputeBias, Sources, unavailable
from shared.bias.moments import Occasion, current_occasion
from shared.bias.occasions import Occasions
from shared.bias.serving.flights import Flights
from shared.bias.serving.kept import KeptAnswers
from shared.bias.serving.steps import FinishedSteps
from shared.bias.store import BiasStore, answers_to
from shared.domain.bias import Bias, Moment, Section, Unavailable
from shared.domain.errors import InvalidInput, QuotaSpent
from shared.domain.market.instrument import Instrument
from shared.lease import Leases

_log = logging.getLogger(__name__)

_SPARE_S = 15.0  # store and features, beside the analysts' deadline

CacheState = Literal["fresh", "stored", "cached", "stale"]
_Answer = tuple[Bias | Unavailable, CacheState]


@dataclass(frozen=True, slots=True)
class Served:
    """An answer and how it came about; kept apart, so that equal answers are equal bytes.

    Shape: `cache` is fresh (computed for this call), stored, cached, or stale: the last one that
    there is, served while that of the moment is written.
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


class BiasService:
    """Answers for the 21.

    Units: `cache_ttl_s` seconds for which an answer is fresh; `deadline_s` seconds that all six
    sections may take, which bounds how long others wait for a computation under way.
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
        self._analyst = analyst
        self._instruments = instruments
        self._clock = clock = sources.clock
        self._market = sources.market
        self._store = BiasStore(sources.documents, clock, sources.entropy)
        self._compute = ComputeBias(sources, self._store, deadline_s)
        self._occasions = Occasions(sources.market, clock, sources.calendar_source)
        self._kept = KeptAnswers(sources.cache, clock, cache_ttl_s)
        self._steps = FinishedSteps(sources.cache, clock)
        leases = Leases(sources.documents, clock, sources.entropy)
        self._flights: Flights[_Answer] = Flights(leases, clock, deadline_s + _SPARE_S)

    async def bias(
        self, symbol: str, *, moment: Moment | None = None, patient: bool = False
    ) -> Served | Unavailable:
        """Return the answer of the current session, at its current moment or at an earlier one.

        Shape: while the answer of the current moment is written, the last one of the session is
        served, unless the caller is `patient` or asks for a moment by its name.
        Idempotent: one snapshot a session, moment and prompt set; the second call reads the first.
        Raises: InvalidInput for an unknown symbol, LeaseHeld when a computation under way takes too
        long, StoreUnavailable.
        """
        started = self._clock.monotonic()
        current = await self._occasions.current(self._known(symbol))
        wanted = self._asked(current, moment)
        if moment is None and not patient:
            found = await self._at_hand(wanted)
        else:
            found = await self._exactly(wanted)
        if found is None and not self._may_compute(wanted, current):
            return _no_snapshot(wanted, current)
        return self._served(found or await self._flown(wanted), started)

    async def board(
        self, moment: Moment | None = None, *, patient: bool = False
    ) -> list[Served | Unavailable]:
        """Return all instruments in the order of the house.

        Raises: as `bias`.
        """
        asked = (self.bias(s, moment=moment, patient=patient) for s in self._instruments)
        return list(await asyncio.gather(*asked))

    async def stream(self, symbol: str) -> AsyncIterator[Section | Served | Unavailable | None]:
        """Give the answer of the current moment, and while it is written each finished section.

        Shape: a stale answer comes first, then sections in the order in which they are finished,
        last the answer; None stands for fifteen seconds in which nothing came. Who stops reading
        does not stop the writing.
        Raises: as `bias`.
        """
        started = self._clock.monotonic()
        wanted = await self._occasions.current(self._known(symbol))
        found = await self._at_hand(wanted)
        if found is not None:
            yield self._served(found, started)
            if found[1] != "stale":
                return
        flight = self._launch(wanted)
        async for section in self._steps.follow(self._name(wanted), flight.done):
            yield section
        yield self._served(await asyncio.shield(flight), started)

    async def request(self, symbol: str) -> Served | Unavailable:
        """Take a snapshot now, between the named moments, and answer to it; once a session.

        Raises: QuotaSpent when the session has had its one, InvalidInput, StoreUnavailable.
        """
        started = self._clock.monotonic()
        instrument, now = self._known(symbol), self._clock.now()
        session = current_occasion(instrument, now).session
        wanted = Occasion(instrument, session, Moment.ON_REQUEST)
        if await self._store.find(wanted, self._analyst.name) is not None:
            raise QuotaSpent(
                f"The session of {session} has had its snapshot of {symbol} on request: read it "
                "with moment=on_request."
            )
        return self._served(await self._flown(wanted), started)

    async def update(self, symbol: str) -> Served | Unavailable | None:
        """Have the answer of the moment that holds now; None at the close, which is the record's.

        Idempotent: one snapshot a session, moment and prompt set.
        Raises: as `bias`.
        """
        started = self._clock.monotonic()
        current = await self._occasions.current(self._known(symbol))
        if current.moment is Moment.CLOSE:
            return None
        found = await self._exactly(current)
        return self._served(found or await self._flown(current), started)

    async def market(self) -> Mapping[str, Any] | None:
        """Return what the newest refresh of market data said of itself; None before the first.

        Raises: StoreUnavailable.
        """
        return await self._market.report()

    async def record(self, symbols: Iterable[str] | None = None) -> RecordReport:
        """Write the forecasts of record that are due: after a close, before the cut-off.

        Shape: of these instruments; of all without.
        Idempotent: a forecast of record is written once and stays.
        Raises: StoreUnavailable, LeaseHeld.
        """
        report, due = RecordReport(), list[str]()
        for symbol in symbols or self._instruments:
            occasion = current_occasion(self._known(symbol), self._clock.now())
            if await self._store.has_record(symbol, occasion.session):
                report.already.append(symbol)
            elif not self._compute.may_record(occasion):
                report.not_due.append(symbol)
            else:
                due.append(symbol)
        answers = await asyncio.gather(*(self.bias(s, moment=Moment.CLOSE) for s in due))
        for symbol, answer in zip(due, answers, strict=True):
            if isinstance(answer, Unavailable):
                report.unavailable.append(answer)
            elif answer.bias.of_record:
                report.written.append(symbol)
            else:
                report.not_due.append(symbol)  # the cut-off passed while the answer was written
        return report

    async def land(self) -> None:
        """Wait until nothing is computed any more, also what nobody waits for."""
        await self._flights.land()

    async def close(self) -> None:
        """Give up what is computed; the next request begins anew."""
        await self._flights.close()

    def _known(self, symbol: str) -> Instrument:
        if symbol not in self._instruments:
            raise InvalidInput(f"no instrument {symbol!r}", expected=tuple(self._instruments))
        return self._instruments[symbol]

    @staticmethod
    def _asked(current: Occasion, moment: Moment | None) -> Occasion:
        if moment in (None, current.moment):
            return current
        return Occasion(current.instrument, current.session, moment)

    def _may_compute(self, wanted: Occasion, current: Occasion) -> bool:
        # after an event in the minutes behind a close the forecast of record can still be due
        return wanted == current or self._compute.may_record(wanted)

    def _name(self, occasion: Occasion) -> str:
        symbol, session = occasion.instrument.symbol, occasion.session
        began = f"-{occasion.began:%H%M}" if occasion.began else ""
        return f"bias-{symbol}-{session}-{occasion.moment}{began}-{self._analyst.name}"

    async def _at_hand(self, wanted: Occasion) -> _Answer | None:
        """Find the answer, or the session's last one while that of the moment is written."""
        name = self._name(wanted)
        kept = await self._kept.get(name)
        if kept is not None and kept.fresh:
            return kept.answer, "cached"
        if kept is not None and isinstance(kept.answer, Bias):
            self._launch(wanted)
            return kept.answer, "stale"
        symbol, session = wanted.instrument.symbol, wanted.session
        answers = await self._store.answers(symbol, session, self._analyst.name)
        if not answers:
            return None
        for answer in answers:
            if answers_to(answer, wanted):
                await self._kept.put(name, answer)
                return answer, "stored"
        await self._kept.put_stale(name, answers[0])
        self._launch(wanted)
        return answers[0], "stale"

    async def _exactly(self, wanted: Occasion) -> _Answer | None:
        """Find the answer to this occasion and no other."""
        kept = await self._kept.get(self._name(wanted))
        if kept is not None and kept.fresh:
            return kept.answer, "cached"
        stored = await self._store.find(wanted, self._analyst.name)
        if stored is None:
            return None
        await self._kept.put(self._name(wanted), stored)
        return stored, "stored"

    def _launch(self, wanted: Occasion) -> "asyncio.Task[_Answer]":
        name = self._name(wanted)
        find, compute = partial(self._exactly, wanted), partial(self._computed, wanted)
        return self._flights.launch(name, find, compute)

    async def _flown(self, wanted: Occasion) -> _Answer:
        """Compute, or wait for who does; a caller who leaves takes nobody's answer away."""
        joins = self._flights.is_flying(self._name(wanted))
        answer, cache = await asyncio.shield(self._launch(wanted))
        return answer, "cached" if joins and cache == "fresh" else cache

    async def _computed(self, wanted: Occasion) -> _Answer:
        name = self._name(wanted)
        async with self._steps.told_by(self._analyst, name) as analyst:
            answer = await self._compute.run(wanted, analyst)
        await self._kept.put(name, answer)
        return answer, "fresh"

    def _served(self, found: _Answer, started: float) -> Served | Unavailable:
        answer, cache = found
        if isinstance(answer, Unavailable):
            return answer
        elapsed_ms = round((self._clock.monotonic() - started) * 1000)
        _log.info(
            "bias.served",
            extra={"instrument": answer.instrument, "cache": cache, "duration_ms": elapsed_ms},
        )
        return Served(answer, cache, elapsed_ms)


def _no_snapshot(wanted: Occasion, current: Occasion) -> Unavailable:
    when = {
        Moment.CLOSE: "is past and none was taken",
        Moment.ON_REQUEST: "has not been asked for",
    }.get(wanted.moment, "has not come yet, or none was taken")
    reason = f"the {wanted.moment} snapshot {when}; the current one is {current.moment}"
    return unavailable(wanted, reason).model_copy(update={"missed": True})
