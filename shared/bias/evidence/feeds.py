"""What is stored, as documents in the order in which it was known, from any instant on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from shared.bias.evidence.articles import article_document
from shared.bias.evidence.releases import release_documents
from shared.bias.evidence.states import day_states
from shared.domain.market.bars import Timeframe
from shared.domain.market.instrument import Instrument
from shared.domain.passage import PassageKind
from shared.market.news import NewsStore
from shared.market.registry import VIX
from shared.market.sessions import session_close, session_for
from shared.market.store import MarketStore
from shared.retrieval.documents import RetrievalDocument

_INSTANT = timedelta(microseconds=1)
_LATE = timedelta(minutes=10)  # between a fetch and the end of its writing
_STATES = 20  # a batch: half a second of working out


@dataclass(frozen=True, slots=True)
class Batch:
    """Some documents, and the instant until which there are no others before them."""

    documents: tuple[RetrievalDocument, ...]
    until: datetime


class Feed(Protocol):
    """One source of documents."""

    @property
    def name(self) -> str:
        """Name it for its cursor."""
        ...

    @property
    def kind(self) -> PassageKind:
        """Tell what its documents are."""
        ...

    def batches(self, since: datetime, until: datetime) -> AsyncIterator[Batch]:
        """Yield what was known after `since` and by `until`, oldest first.

        Idempotent: the same store and span give the same documents; what was known shortly before
        `since` may come again.
        Raises: StoreUnavailable.
        """
        ...


class Articles:
    """The versions of articles of one source of news."""

    kind = PassageKind.NEWS

    def __init__(self, store: NewsStore, source: str) -> None:
        self._store = store
        self._source = source
        self.name = f"news {source}"

    async def batches(self, since: datetime, until: datetime) -> AsyncIterator[Batch]:
        """Yield articles by their fetch, the last of before too: a writer may have been slow."""
        async for page in self._store.arrived(self._source, since - _LATE, until):
            if page:
                found = tuple(article_document(item, at) for at, item in page)
                yield Batch(found, page[-1][0])


class Releases:
    """The versions of events of one calendar."""

    kind = PassageKind.EVENTS

    def __init__(self, store: MarketStore, source: str) -> None:
        self._store = store
        self._source = source
        self.name = f"events {source}"

    async def batches(self, since: datetime, until: datetime) -> AsyncIterator[Batch]:
        """Yield, body by body, what the body before did not tell."""
        before = await self._store.calendar(self._source, since)
        async for body in self._store.calendars(self._source, since + _INSTANT, until):
            yield Batch(tuple(release_documents(body, before)), body.fetched_at)
            before = body


class DayStates:
    """The days of one instrument that another one has followed."""

    kind = PassageKind.STATES

    def __init__(self, store: MarketStore, instrument: Instrument) -> None:
        self._store = store
        self._instrument = instrument
        self.name = f"states {instrument.symbol}"

    async def batches(self, since: datetime, until: datetime) -> AsyncIterator[Batch]:
        """Yield days by the close that followed; nothing is read while none has."""
        instrument = self._instrument
        if session_close(instrument, session_for(instrument, since)) > until:
            return
        found = await self._store.price_series(instrument, Timeframe.DAY, until)
        if found is None:
            return
        source, prices = found
        vix = await self._store.series(VIX, Timeframe.DAY, until)
        days = day_states(instrument, source, prices, vix)
        due = [day for day in days if since < day.known_at <= until]
        for start in range(0, len(due), _STATES):
            chosen = due[start : start + _STATES]
            documents = (day.document() for day in chosen)
            yield Batch(tuple(d for d in documents if d), chosen[-1].known_at)
