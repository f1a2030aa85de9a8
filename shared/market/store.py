"""Bars and calendar bodies in the document store, a year of days or a month of hours a document."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from shared.domain.bars import Bar, Series, Timeframe
from shared.domain.errors import AlreadyExists
from shared.domain.events import CalendarEvent
from shared.domain.ids import canonical_json
from shared.domain.instrument import Instrument, PriceSource
from shared.domain.time import from_micros, to_micros
from shared.market.providers import CalendarBody
from shared.ports import Clock, Create, Document, Documents, Entropy, Key, Query, Update
from shared.retry import compare_and_set

_CHUNKS_READ = 3  # newest chunks of a read: over 500 days, over 40 sessions of hours


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
            by_chunk[_chunk(series.timeframe, bar.session)].append(bar)
        changed = 0
        for chunk, bars in sorted(by_chunk.items()):
            changed += await self._put_chunk(replace(series, bars=tuple(bars)), chunk)
        return changed

    async def _put_chunk(self, series: Series, chunk: str) -> int:
        key = _key(series.symbol, series.timeframe, chunk)

        async def merge() -> int:
            (stored,) = await self._documents.get_many([key])
            old = {} if stored is None else {b.opened_at: b for b in _decode(stored.body)}
            new = old | {b.opened_at: b for b in series.bars}
            changed = sum(old.get(at) != bar for at, bar in new.items())
            if changed:
                body = _body(series, chunk, [new[at] for at in sorted(new)])
                write = Update(key, body, stored.version) if stored else Create(key, body)
                await self._documents.commit([write])
            return changed

        return await compare_and_set(self._clock, self._entropy, merge)

    async def series(self, symbol: str, timeframe: Timeframe, as_of: datetime) -> Series | None:
        """Return the newest bars that had closed at `as_of`; None when there are none."""
        keys = [_key(symbol, timeframe, chunk) for chunk in _chunks(timeframe, as_of.date())]
        found = [d for d in await self._documents.get_many(keys) if d is not None]
        known = _join(found).until(as_of) if found else None
        return known if known and known.bars else None

    async def price_series(
        self, instrument: Instrument, timeframe: Timeframe, as_of: datetime
    ) -> tuple[PriceSource, Series] | None:
        """Return the first of the instrument's sources that has bars, inverted where it says so."""
        for source in instrument.sources:
            series = await self.series(source.series, timeframe, as_of)
            if series is not None:
                return source, series.invert() if source.inverted else series
        return None

    async def put_calendar(self, body: CalendarBody) -> None:
        """Keep a body with its fetch time.

        Idempotent: a body of the same source and instant is already there.
        """
        fetched_us = to_micros(body.fetched_at)
        key = Key("calendars", (f"{body.source}-{fetched_us}",))
        events = canonical_json([e.model_dump(mode="json") for e in body.events])
        document = {"source": body.source, "fetched_us": fetched_us, "events": events}
        try:
            await self._documents.commit([Create(key, document)])
        except AlreadyExists:
            return

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


def _calendar(body: Mapping[str, Any]) -> CalendarBody:
    events = tuple(CalendarEvent.model_validate(e) for e in json.loads(body["events"]))
    return CalendarBody(body["source"], from_micros(body["fetched_us"]), events)


def _chunk(timeframe: Timeframe, session: date) -> str:
    return f"{session:%Y}" if timeframe is Timeframe.DAY else f"{session:%Y-%m}"


def _chunks(timeframe: Timeframe, newest: date) -> list[str]:
    # a session may be dated a day after the instant (Globex evenings), at a year's or month's end
    if timeframe is Timeframe.DAY:
        return [str(newest.year + 1 - n) for n in range(_CHUNKS_READ + 1)]
    months = newest.year * 12 + newest.month  # of the month after, counting from zero
    numbers = range(months, months - _CHUNKS_READ - 1, -1)
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in numbers]


def _key(symbol: str, timeframe: Timeframe, chunk: str) -> Key:
    return Key("series", (f"{symbol}-{timeframe}-{chunk}",))


def _body(series: Series, chunk: str, bars: Sequence[Bar]) -> dict[str, Any]:
    # the bars are one text: as arrays, Firestore would index each of their 2,000 numbers
    rows = [
        (
            to_micros(b.opened_at),
            to_micros(b.closed_at),
            b.session.isoformat(),
            *(b.open, b.high, b.low, b.close, b.volume),
        )
        for b in bars
    ]
    return {
        "symbol": series.symbol,
        "timeframe": str(series.timeframe),
        "chunk": chunk,
        "source": series.source,
        "licence": series.licence,
        "volume_kind": series.volume_kind,
        "bars": canonical_json(rows),
    }


def _decode(body: Mapping[str, Any]) -> Iterable[Bar]:
    for opened_us, closed_us, session, *numbers in json.loads(body["bars"]):
        o, h, low, c, volume = numbers
        opened_at, closed_at = from_micros(opened_us), from_micros(closed_us)
        yield Bar(opened_at, closed_at, date.fromisoformat(session), o, h, low, c, volume)


def _join(chunks: Sequence[Document]) -> Series:
    newest = max(chunks, key=lambda d: str(d.body["chunk"])).body
    bars = sorted((b for d in chunks for b in _decode(d.body)), key=lambda b: b.opened_at)
    return Series(
        symbol=newest["symbol"],
        timeframe=Timeframe(newest["timeframe"]),
        source=newest["source"],
        licence=newest["licence"],
        bars=tuple(bars),
        volume_kind=newest["volume_kind"],
    )
