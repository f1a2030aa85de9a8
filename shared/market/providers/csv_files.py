"""Bars from CSV files in a folder: daily/SYMBOL.csv, intraday/SYMBOL_1h.csv.gz.

A span may be cut into several files, each with a word of its own: SYMBOL_5min_2025_2026.csv.gz.

`sources.toml` beside them names each file's origin and licence. The layout is also a user's way to
bring prices of their own.
"""

import asyncio
import csv
import gzip
import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

from shared.domain.errors import ContractBroken, InvalidInput, NotFound
from shared.domain.market.bars import FILES, Bar, Series, Timeframe
from shared.domain.market.instrument import PriceSeries, Split
from shared.market.providers.folding import Wanted, check_prices
from shared.market.registry import load_series
from shared.market.sessions import is_session, session_close, session_for, session_open

_LENGTH = {
    Timeframe.HOUR: timedelta(hours=1),
    Timeframe.FOUR_HOURS: timedelta(hours=4),
    Timeframe.FIVE_MINUTES: timedelta(minutes=5),
}
_WORDS = {
    Timeframe.HOUR: ("1h", "h1"),
    Timeframe.FOUR_HOURS: ("4h", "h4"),
    Timeframe.FIVE_MINUTES: ("5m", "5min"),
}
_PRICES = ("open", "high", "low", "close")


class CsvFiles:
    """Bars from a folder; files whose origin says `prices = "raw"` are split-adjusted here."""

    name = FILES
    lag = timedelta()

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def fetch(
        self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime
    ) -> Series:
        """Return the complete bars of a file.

        Raises: NotFound when the folder has no such file, ContractBroken when a column is missing.
        """
        spec = load_series().get(symbol)
        paths = self._paths(symbol, timeframe)
        if not paths and spec is not None and spec.formerly is not None:
            paths = self._paths(spec.formerly, timeframe)
        if spec is None or not paths:
            raise NotFound(f"no {timeframe} bars of {symbol} in {self._folder}")
        wanted = Wanted(spec, timeframe, since, until)
        read = [await asyncio.to_thread(self._read, path, wanted) for path in paths]
        bars = {bar.opened_at: bar for found, _ in reversed(read) for bar in found}
        origins = [self._origin(path) for path in paths]
        return Series(
            symbol=symbol,
            timeframe=timeframe,
            source="; ".join(dict.fromkeys(source for source, _ in origins)),
            licence="; ".join(dict.fromkeys(licence for _, licence in origins)),
            bars=tuple(bars[at] for at in sorted(bars)),
            volume_kind=spec.volume_kind,
            rejected=tuple(fault for _, faults in read for fault in faults),
        )

    def bytes_of(self, symbol: str, timeframe: Timeframe, since: datetime, until: datetime) -> int:
        """Tell that nothing is billed by size."""
        del symbol, timeframe, since, until
        return 0

    def _read(self, path: Path, wanted: Wanted) -> tuple[tuple[Bar, ...], tuple[str, ...]]:
        bars, rejected = read_bars(path, wanted)
        raw = self._origins.get(path.name, {}).get("prices") == "raw"
        splits = wanted.market.splits if raw else ()
        return adjust_splits(bars, splits, wanted.until), rejected

    def _origin(self, path: Path) -> tuple[str, str]:
        origin = self._origins.get(path.name, {})
        return origin.get("source", f"file {path.name}"), origin.get("licence", "not stated")

    def _paths(self, symbol: str, timeframe: Timeframe) -> list[Path]:
        """Find a series' files, in the order of their names; where two tell of a bar, the first."""
        if timeframe is Timeframe.DAY:
            stems = [f"daily/{symbol}"]
        else:
            words = _WORDS[timeframe]
            stems = [f"intraday/{symbol}_{word}{rest}" for word in words for rest in ("", "_*")]
        names = [f"{stem}{suffix}" for stem in stems for suffix in (".csv", ".csv.gz")]
        return sorted(path for name in names for path in self._folder.glob(name))

    @cached_property
    def _origins(self) -> Mapping[str, Mapping[str, str]]:
        path = self._folder / "sources.toml"
        if not path.is_file():
            return {}
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return {file: origin for origin in table["origins"] for file in origin["files"]}


def read_bars(path: Path, wanted: Wanted) -> tuple[tuple[Bar, ...], tuple[str, ...]]:
    """Read the wanted bars, ascending; a repeated bar counts once, an unusable row is named."""
    bars: dict[datetime, Bar] = {}
    rejected: list[str] = []
    for line, row in _rows(path):
        try:
            bar = _parse(row, wanted)
        except (ValueError, InvalidInput) as error:  # InvalidInput: beyond the session table
            rejected.append(f"{path.name}:{line}: {error}")
            continue
        if bar is None:
            continue
        known = bars.setdefault(bar.opened_at, bar)
        if known != bar:
            rejected.append(f"{path.name}:{line}: a second, different bar of {bar.session}")
    return tuple(bars[at] for at in sorted(bars)), tuple(rejected)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    reader = csv.DictReader(text.splitlines())
    lacking = {"open", "high", "low", "close"} - set(reader.fieldnames or ())
    if lacking:
        raise ContractBroken(f"{path.name}: expected the columns {_PRICES}, missing {lacking!r}")
    yield from enumerate(reader, start=2)


def _parse(row: Mapping[str, str], wanted: Wanted) -> Bar | None:
    daily = wanted.timeframe is Timeframe.DAY
    stamp = row.get("date" if daily else "ts") or ""
    # cheap on text first: most rows of a long file are not wanted
    if stamp and stamp[:10] < (wanted.since - timedelta(days=7)).date().isoformat():
        return None
    span = _day(wanted.market, stamp) if daily else _hours(wanted, stamp)
    opened_at, closed_at, session = span
    if opened_at < wanted.since or closed_at > wanted.until:
        return None
    o, h, low, c = (float(row[name] or "nan") for name in _PRICES)
    volume = float(row["volume"]) if row.get("volume") else None
    check_prices(o, h, low, c, volume)
    return Bar(opened_at, closed_at, session, o, h, low, c, volume)


def _day(spec: PriceSeries, stamp: str) -> tuple[datetime, datetime, date]:
    session = date.fromisoformat(stamp)
    if not is_session(spec, session):
        raise ValueError(f"{session} is not a session of {spec.hours.calendar}")
    return session_open(spec, session), session_close(spec, session), session


def _hours(wanted: Wanted, stamp: str) -> tuple[datetime, datetime, date]:
    start = datetime.fromisoformat(stamp).astimezone(UTC)
    session = session_for(wanted.market, start)
    # the first bar of a stock day is stamped 09:00 and covers 09:30 to 10:00
    opened_at = max(start, session_open(wanted.market, session))
    closed_at = min(start + _LENGTH[wanted.timeframe], session_close(wanted.market, session))
    if closed_at <= opened_at:
        raise ValueError(f"{stamp} lies outside of the session of {session}")
    return opened_at, closed_at, session


def adjust_splits(bars: Iterable[Bar], splits: Iterable[Split], until: datetime) -> tuple[Bar, ...]:
    """Restate raw prices in shares as of `until`; a later split is not known yet.

    Prices of before a split are divided by its ratio, volumes multiplied.
    """
    known = [s for s in splits if s.on <= until.date()]
    adjusted = []
    for bar in bars:
        factor = math.prod(float(s.ratio) for s in known if bar.session < s.on)
        adjusted.append(bar if factor == 1 else _scale(bar, factor))
    return tuple(adjusted)


def _scale(bar: Bar, factor: float) -> Bar:
    return replace(
        bar,
        open=bar.open / factor,
        high=bar.high / factor,
        low=bar.low / factor,
        close=bar.close / factor,
        volume=None if bar.volume is None else bar.volume * factor,
    )
