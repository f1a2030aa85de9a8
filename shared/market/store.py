"""Bars and calendar bodies in the document store."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from pydantic_core import to_json

from shared.domain.errors import AlreadyExists, LeaseHeld
from shared.domain.ids import canonical_json
from shared.domain.market.bars import FILES, Bar, Series, Timeframe
from shared.domain.market.events import CalendarEvent
from shared.domain.market.instrument import Instrument, PriceSource
from shared.domain.time import from_micros, to_micros
from shared.lease import Leases
from shared.market.choice import best, is_current
from shared.market.chunks import (
    bars_in,
    body_of,
    chunk_of,
    joined,
    key_of,
    newest_keys,
    outlived,
)
from shared.market.providers import CalendarBody
from shared.market.registry import load_series
from shared.ports import Clock, Create, Documents, Entropy, Key, Query, Update, Write
from shared.retry import compare_and_set
from shared.scanning import every

_BODIES = 24  # a page: a day of them


class MarketStore:
    """What is known of markets, readable as of any instant."""

    def __init__(self, documents: Documents, clock: Clock, entropy: Entropy) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy

    async def put_series(self, series: Series) -> int:
        """Merge bars into what is stored and return how many were new or changed.

        Idempotent: a bar replaces the one of the same opening; equal bars write nothing.
        """
        by_chunk: dict[str, list[Bar]] = defaultdict(list)
        for bar in series.bars:
            by_chunk[chunk_of(series.timeframe, bar.session)].append(bar)
        changed = 0
        for chunk, bars in sorted(by_chunk.items()):
            changed += await self._put_chunk(replace(series, bars=tuple(bars)), chunk)
        return changed

    async def _put_chunk(self, series: Series, chunk: str) -> int:
        key = key_of(series, chunk)

        async def merge() -> int:
            (stored,) = await self._documents.get_many([key])
            old = {} if stored is None else {b.opened_at: b for b in bars_in(stored.body["bars"])}
            new = old | {b.opened_at: b for b in series.bars}
            changed = sum(old.get(at) != bar for at, bar in new.items())
            if changed:
                body = body_of(series, chunk, [new[at] for at in sorted(new)])
                writes: list[Write] = [Update(key, body, stored.version)] if stored else []
                writes = writes or [Create(key, body), *outlived(series)]
                await self._documents.commit(writes)
            return changed

        return await compare_and_set(self._clock, self._entropy, merge)

    async def series(self, symbol: str, timeframe: Timeframe, as_of: datetime) -> Series | None:
        """Return the newest bars that had closed at `as_of`, of one provider; None without any.

        That is the first provider in the registry's order that is up to date, else the one with the
        newest bar. Prices of before a future's rolls are restated in its newest contract.
        """
        spec = load_series().get(symbol)
        providers = [*(spec.providers if spec else ()), FILES]
        found = await self._held(symbol, timeframe, as_of, providers)
        if spec is None or len(found) < 2:
            return found[0].back_adjusted() if found else None
        return best(spec, found, as_of).back_adjusted()

    async def held(
        self, symbol: str, timeframe: Timeframe, provider: str, as_of: datetime
    ) -> Series | None:
        """Return what one provider's newest bars were, as it gave them."""
        found = await self._held(symbol, timeframe, as_of, [provider])
        return found[0] if found else None

    async def _held(
        self, symbol: str, timeframe: Timeframe, as_of: datetime, providers: Sequence[str]
    ) -> list[Series]:
        """Read several providers' bars at once, in their order; those without any are left out."""
        keys = [newest_keys(symbol, timeframe, p, as_of.date()) for p in providers]
        read = iter(await self._documents.get_many([key for some in keys for key in some]))
        by_provider = [list(islice(read, len(some))) for some in keys]
        series = (
            joined([d for d in found if d]).until(as_of) for found in by_provider if any(found)
        )
        return [one for one in series if one.bars]

    async def price_series(
        self, instrument: Instrument, timeframe: Timeframe, as_of: datetime
    ) -> tuple[PriceSource, Series] | None:
        """Return the first of the instrument's sources whose bars are up to date, else the newest.

        Inverted where the source says so.
        """
        newest: tuple[PriceSource, Series] | None = None
        for source in instrument.sources:
            series = await self.series(source.series, timeframe, as_of)
            if series is None:
                continue
            if newest is None or series.bars[-1].session > newest[1].bars[-1].session:
                newest = source, series
            if is_current(load_series()[source.series], series, as_of):
                newest = source, series
                break
        if newest is None:
            return None
        source, series = newest
        return source, series.invert() if source.inverted else series

    async def put_report(self, report: Mapping[str, Any]) -> None:
        """Keep what the newest refresh said of itself, in place of the one before."""
        key = Key("refreshes", ("newest",))
        body = {"report": to_json(report).decode(), "at_us": to_micros(report["at"])}

        async def write() -> None:
            (stored,) = await self._documents.get_many([key])
            kept = Create(key, body) if stored is None else Update(key, body, stored.version)
            await self._documents.commit([kept])

        await compare_and_set(self._clock, self._entropy, write)

    async def report(self) -> Mapping[str, Any] | None:
        """Return what the newest refresh said of itself; None before the first."""
        (stored,) = await self._documents.get_many([Key("refreshes", ("newest",))])
        if stored is None:
            return None
        found: Mapping[str, Any] = json.loads(stored.body["report"])
        return found

    async def put_calendar(self, body: CalendarBody) -> None:
        """Keep a body with its fetch time.

        Idempotent: a body of the same source and instant is already there.
        """
        fetched_us = to_micros(body.fetched_at)
        key = Key("calendars", (f"{body.source}-{fetched_us}",))
        events = canonical_json([e.model_dump(mode="json") for e in body.events])
        document = {
            "source": body.source,
            "fetched_us": fetched_us,
            "events": events,
            "rejected": list(body.rejected),
            "etag": body.etag,
        }
        try:
            await self._documents.commit([Create(key, document)])
        except AlreadyExists:
            return

    async def may_ask(self, source: str, every: timedelta) -> bool:
        """Take the turn to ask a source, which nobody else has before `every` has passed.

        It holds across instances, and after a question that failed too.
        Raises: StoreUnavailable.
        """
        if not every:
            return True
        leases = Leases(self._documents, self._clock, self._entropy)
        try:
            await leases.acquire(f"calendar-{source}", every.total_seconds())
        except LeaseHeld:
            return False
        return True

    async def calendar(self, source: str, as_of: datetime) -> CalendarBody | None:
        """Return the newest body fetched by `as_of`."""
        page = await self._documents.scan(
            Query(
                "calendars",
                parent=(),
                where={"source": source},
                order_by="fetched_us",
                below=to_micros(as_of) + 1,
                descending=True,
                limit=1,
            )
        )
        return _calendar(page.documents[0].body) if page.documents else None

    async def calendars(
        self, source: str, since: datetime, until: datetime
    ) -> AsyncIterator[CalendarBody]:
        """Yield every body fetched from `since` to `until`, both included, oldest first."""
        query = Query(
            "calendars",
            parent=(),
            where={"source": source},
            order_by="fetched_us",
            at_least=to_micros(since),
            below=to_micros(until) + 1,
            limit=_BODIES,
        )
        async for document in every(self._documents, query):
            yield _calendar(document.body)


def _calendar(body: Mapping[str, Any]) -> CalendarBody:
    events = tuple(CalendarEvent.model_validate(e) for e in json.loads(body["events"]))
    fetched_at = from_micros(body["fetched_us"])
    return CalendarBody(body["source"], fetched_at, events, tuple(body["rejected"]), body["etag"])
