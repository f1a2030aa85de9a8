"""Puts the forecasts of record into the chain: after every round of recording, before the open."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from shared.bias.moments import current_occasion
from shared.bias.record.links import RecentLinks
from shared.bias.serving.service import BiasService, RecordReport
from shared.bias.store import BiasStore, Record
from shared.domain.bias import Unavailable
from shared.domain.errors import AlreadyExists, StoreUnavailable
from shared.domain.market.instrument import Instrument
from shared.domain.time import from_micros
from shared.forecast.chain import Absent, Committed, Link, encode_link, make_link
from shared.market.sessions import previous_session, record_deadline
from shared.ports import Clock, Documents, Entropy, ForecastChain

_log = logging.getLogger(__name__)

NOTHING_WRITTEN = "nothing was written by the cut-off"
_ATTEMPTS = 8  # links that other writers may put before ours
_Name = tuple[str, date]


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one round put into the chain; `link` is None when there was nothing new."""

    link: int | None = None
    records: int = 0
    absent: int = 0


class ChainKeeper:
    """Writes links; several may run at once, and may die at any line.

    A number is given once: the loser of a race reads the winner's link and goes on after it with
    what that has left out. What was recorded and not sealed is sealed by the next round.
    """

    def __init__(
        self,
        chain: ForecastChain,
        documents: Documents,
        instruments: Mapping[str, Instrument],
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._chain = chain
        self._instruments = instruments
        self._clock = clock
        self._store = BiasStore(documents, clock, entropy)
        self._links = RecentLinks(chain, clock)

    async def seal(self, unavailable: Iterable[Unavailable] = ()) -> Sealed:
        """Put what the chain does not tell yet into one link: forecasts, and why there are none.

        Idempotent: what is told once is not told again.
        Raises: StoreUnavailable, ContractBroken when the newest links are not what was written.
        """
        why = {(one.instrument, one.session): one.reason for one in unavailable}
        for _ in range(_ATTEMPTS):
            tail = await self._links.read()
            records, absent = await self._new(tail, why)
            if not records and not absent:
                return Sealed()
            newest = tail[-1] if tail else None
            link = make_link(newest, self._clock.now(), records, absent)
            try:
                await self._chain.append(link.number, encode_link(link))
            except AlreadyExists:
                continue  # another writer was faster; look at what it told
            _log.info(
                "chain.sealed", extra={"link": link.number, "hash": link.hash, "n": len(records)}
            )
            return Sealed(link.number, len(records), len(absent))
        raise StoreUnavailable(f"{_ATTEMPTS} links went to other writers")

    async def _new(
        self, tail: Sequence[Link], why: Mapping[_Name, str]
    ) -> tuple[list[Committed], list[Absent]]:
        sealed = {(r.instrument, r.session) for link in tail for r in link.records}
        told = {name for link in tail for name in link.named()}
        sessions = self._sessions()
        recorded = [r for day in sessions for r in await self._store.records(day)]
        new = [r for r in recorded if (r.instrument, r.session) not in sealed]
        there = {(r.instrument, r.session) for r in recorded}
        reasons = {**self._overdue(), **why}
        absent = [
            Absent(instrument=symbol, session=session, reason=reason)
            for (symbol, session), reason in reasons.items()
            if (symbol, session) not in there | told
        ]
        return list(map(committed, new)), absent

    def _sessions(self) -> list[date]:
        """List the sessions that are still to come or going on, and those before them."""
        now, found = self._clock.now(), set[date]()
        for instrument in self._instruments.values():
            session = current_occasion(instrument, now).session
            found |= {session, previous_session(instrument, session)}
        return sorted(found)

    def _overdue(self) -> dict[_Name, str]:
        """Name the sessions whose cut-off has passed; those with a forecast are left out later."""
        now = self._clock.now()
        occasions = (current_occasion(i, now) for i in self._instruments.values())
        return {
            (o.instrument.symbol, o.session): NOTHING_WRITTEN
            for o in occasions
            if now > record_deadline(o.instrument, o.session)
        }


def committed(record: Record) -> Committed:
    """Say what a record said."""
    forecast = record.forecast
    return Committed(
        instrument=record.instrument,
        session=record.session,
        as_of=from_micros(record.as_of_us),
        written_at=from_micros(record.written_us),
        label=forecast.label,
        probabilities=forecast.probabilities,
        base_rates=forecast.base_rates,
        vintage=forecast.vintage,
        snapshot_hash=record.snapshot_hash,
        record=record.chain,
        lean=record.lean,
    )


class RecordRound:
    """What the scheduler asks for: write the forecasts that are due, and commit them at once.

    Those whose cut-off is nearest go first and are sealed before the others are written: a slow
    author of one market must not make another market's commitment late.
    """

    def __init__(
        self,
        service: BiasService,
        keeper: ChainKeeper,
        instruments: Mapping[str, Instrument],
        clock: Clock,
    ) -> None:
        self._service = service
        self._keeper = keeper
        self._instruments = instruments
        self._clock = clock

    async def run(self) -> RecordReport:
        """Record and seal, by cut-off.

        Idempotent: a forecast is written and sealed once.
        Raises: StoreUnavailable, LeaseHeld; what was written by then is sealed.
        """
        report = RecordReport()
        try:
            for symbols in self._by_cut_off():
                part = await self._service.record(symbols)
                report.add(part)
                if part.written:
                    await self._seal(report)
        finally:
            await self._seal(report)
        _log.info("bias.recorded", extra={"written": len(report.written)})
        return report

    async def _seal(self, report: RecordReport) -> None:
        sealed = await self._keeper.seal(report.unavailable)
        if sealed.link is not None:
            report.links.append(sealed.link)

    def _by_cut_off(self) -> list[list[str]]:
        groups: dict[datetime, list[str]] = {}
        for symbol, instrument in self._instruments.items():
            session = current_occasion(instrument, self._clock.now()).session
            groups.setdefault(record_deadline(instrument, session), []).append(symbol)
        return [groups[deadline] for deadline in sorted(groups)]
