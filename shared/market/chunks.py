"""How bars lie in documents: a year of days, a month of hours or a week of five minutes in each.

Weeks are kept for a month.
"""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from shared.domain.ids import canonical_json
from shared.domain.market.bars import Bar, Series, Timeframe
from shared.domain.time import from_micros, to_micros
from shared.ports import Delete, Document, Key

# Newest chunks of a read: over 500 days, over 40 sessions of hours, over 5 of five minutes.
_CHUNKS_READ = 3
_WEEKS_READ = 1
_WEEKS_KEPT = 4
_CHUNKS_KNOWN = 64  # decoded ones: the leaders' and VIX, 31, beside those of two instruments
_WEEKS_DROPPED = 4  # looked for behind those that are kept; none lacks for longer


def chunk_of(timeframe: Timeframe, session: date) -> str:
    """Name the chunk that a session's bars lie in."""
    if timeframe is Timeframe.FIVE_MINUTES:
        return f"{session:%G-W%V}"
    return f"{session:%Y}" if timeframe is Timeframe.DAY else f"{session:%Y-%m}"


def key_of(series: Series, chunk: str) -> Key:
    """Name the document of a chunk."""
    return _key(series.symbol, series.timeframe, chunk, series.provider)


def newest_keys(symbol: str, timeframe: Timeframe, provider: str, newest: date) -> list[Key]:
    """Name the documents that hold a provider's newest bars on a day, as many as anybody reads."""
    return [_key(symbol, timeframe, chunk, provider) for chunk in _newest_chunks(timeframe, newest)]


def outlived(series: Series) -> list[Delete]:
    """Name the weeks that a new one puts behind those that are kept."""
    if series.timeframe is not Timeframe.FIVE_MINUTES:
        return []
    newest = series.bars[-1].session
    weeks = range(_WEEKS_KEPT, _WEEKS_KEPT + _WEEKS_DROPPED)
    chunks = [chunk_of(series.timeframe, newest - timedelta(weeks=n)) for n in weeks]
    return [Delete(key_of(series, chunk)) for chunk in chunks]


def body_of(series: Series, chunk: str, bars: Sequence[Bar]) -> dict[str, Any]:
    """Render a chunk as a document."""
    # the bars are one text: as arrays, Firestore would index each of their 2,000 numbers
    rows = [
        (
            to_micros(b.opened_at),
            to_micros(b.closed_at),
            b.session.isoformat(),
            *(b.open, b.high, b.low, b.close, b.volume, b.rolled),
        )
        for b in bars
    ]
    return {
        "symbol": series.symbol,
        "timeframe": str(series.timeframe),
        "chunk": chunk,
        "provider": series.provider,
        "source": series.source,
        "licence": series.licence,
        "volume_kind": series.volume_kind,
        "bars": canonical_json(rows),
    }


@lru_cache(_CHUNKS_KNOWN)  # a board of 21 reads the leaders' bars 21 times; bars never change
def bars_in(text: str) -> tuple[Bar, ...]:
    """Read a chunk's bars, oldest first."""
    return tuple(
        Bar(from_micros(opened_us), from_micros(closed_us), date.fromisoformat(session), *numbers)
        for opened_us, closed_us, session, *numbers in json.loads(text)
    )


def joined(chunks: Sequence[Document]) -> Series:
    """Put chunks together again; what is said of all bars comes from the newest chunk."""
    newest = max(chunks, key=lambda d: str(d.body["chunk"])).body
    bars = sorted((b for d in chunks for b in bars_in(d.body["bars"])), key=lambda b: b.opened_at)
    return Series(
        symbol=newest["symbol"],
        timeframe=Timeframe(newest["timeframe"]),
        source=newest["source"],
        licence=newest["licence"],
        bars=tuple(bars),
        volume_kind=newest["volume_kind"],
        provider=newest["provider"],
    )


def _newest_chunks(timeframe: Timeframe, newest: date) -> list[str]:
    # a session may be dated a day after the instant (Globex evenings), at a year's or month's end
    if timeframe is Timeframe.DAY:
        return [str(newest.year + 1 - n) for n in range(_CHUNKS_READ + 1)]
    if timeframe is Timeframe.FIVE_MINUTES:
        ahead = newest + timedelta(weeks=1)
        return [chunk_of(timeframe, ahead - timedelta(weeks=n)) for n in range(_WEEKS_READ + 2)]
    months = newest.year * 12 + newest.month  # of the month after, counting from zero
    numbers = range(months, months - _CHUNKS_READ - 1, -1)
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in numbers]


def _key(symbol: str, timeframe: Timeframe, chunk: str, provider: str) -> Key:
    return Key("series", (f"{symbol}-{timeframe}-{chunk}-{provider}",))
