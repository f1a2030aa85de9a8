"""From an occasion to a stored answer: snapshot, chances, six sections."""

from dataclasses import dataclass
from datetime import timedelta

from shared.analyst.analyst import Analyst
from shared.analyst.deadline import Deadline
from shared.bias.evidence.finding import with_evidence
from shared.bias.moments import Occasion
from shared.bias.past.past_days import PastDaysStore
from shared.bias.pipeline import write_bias
from shared.bias.record.months import OutcomeMonths
from shared.bias.snapshot import take_snapshot
from shared.bias.store import BiasStore
from shared.domain.bias import Bias, Moment, Unavailable
from shared.domain.errors import NotFound
from shared.forecast.model_weight import ModelWeight, model_weight
from shared.forecast.probabilities import forecast
from shared.forecast.vintages import vintage_for
from shared.market.sessions import record_deadline
from shared.market.store import MarketStore
from shared.ports import Cache, Clock, Documents, Entropy
from shared.retrieval.search import Search

_LEANS_COUNT = timedelta(days=3 * 365)  # what a model was worth longer ago says little of it now


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


class ComputeBias:
    """Takes a snapshot and has it written about, once: whoever calls it holds the lease.

    Units: `deadline_s` seconds that all six sections may take.
    """

    def __init__(self, sources: Sources, store: BiasStore, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._sources = sources
        self._store = store
        self._clock = sources.clock
        self._months = OutcomeMonths(sources.documents, sources.clock)
        self._past_days = PastDaysStore(sources.documents)

    async def run(self, occasion: Occasion, analyst: Analyst) -> Bias | Unavailable:
        """Store the answer of an analyst to what is known now, or say why there is none.

        Raises: StoreUnavailable, and what the analyst raises when a step has no author left.
        """
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
            return unavailable(occasion, str(error))
        bias = await write_bias(
            analyst,
            snapshot,
            calibrated,
            created_at=now,
            weigh=self._weigh,
            deadline=Deadline.within(self._clock, self._deadline_s),
        )
        # decided after the models have answered: only what is written by the cut-off counts
        return await self._store.save(snapshot, bias, for_record=self.may_record(occasion))

    def may_record(self, occasion: Occasion) -> bool:
        """Tell whether what is written now can still be the forecast of record."""
        deadline = record_deadline(occasion.instrument, occasion.session)
        return occasion.moment is Moment.CLOSE and self._clock.now() <= deadline

    async def _weigh(self, provider: str, model: str) -> ModelWeight:
        since = self._clock.now().date() - _LEANS_COUNT
        return model_weight(await self._months.lean_days(provider, model, since))


def unavailable(occasion: Occasion, reason: str) -> Unavailable:
    """Say why an occasion has no bias."""
    symbol, session = occasion.instrument.symbol, occasion.session
    return Unavailable(instrument=symbol, session=session, reason=reason)
