"""Walking spot: each symbol by the ids of its trades, and finding the symbols in the first place.

`myTrades` needs a symbol, and of two times at most 24 hours: so no time is ever asked for. Ids only
grow within a symbol, `fromId` belongs to what it gives, and there is no age limit.
Source: binance/binance-spot-api-docs rest-api.md "Account trade list" (snapshot 2026-07-21); no
question serves all symbols (github.com/binance/binance-spot-api-docs/issues/25).
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

from shared.brokers.binance.account import ACCOUNT, array_of, balances_of, is_spot
from shared.brokers.binance.errors import SymbolGone
from shared.brokers.binance.rows import booked_at
from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import ContractBroken
from shared.domain.ids import canonical_json

MOST = 1000  # rows of an answer
_PAIRS = Request("/api/v3/exchangeInfo", shared=True, cost=20)
_ORDERS = Request("/api/v3/openOrders", cost=80)
_QUOTES = frozenset(
    ("USDT", "USDC", "FDUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY", "AUD")
)
_A_FEW = 25  # symbols of nothing that we know of, a walk: all 3,000 of them in about a day
_SETTLED = timedelta(hours=1)  # trades are shown from memory first: an earlier id may follow
_REREAD = timedelta(days=7)


class Pair(NamedTuple):
    """What a symbol exchanges."""

    base: str
    quote: str


@dataclass
class Progress:
    """How far a walk has come: what its mark is written from.

    Shape: `last` symbol -> the newest id of which nothing older can follow, -1 where all are young;
    `looked` is the last symbol that was looked through on a round of all symbols; `reread` the day
    on which the newest trades were last read again.
    """

    last: dict[str, int] = field(default_factory=dict)
    looked: str = ""
    reread: date | None = None

    @classmethod
    def of(cls, mark: str | None) -> "Progress":
        """Read a mark back."""
        if mark is None:
            return cls()
        kept = json.loads(mark)
        return cls(kept["last"], kept["looked"], date.fromisoformat(kept["reread"]))

    def mark(self) -> str:
        """Write the mark."""
        reread = (self.reread or date.min).isoformat()
        return canonical_json({"last": self.last, "looked": self.looked, "reread": reread})

    def note(self, symbol: str, rows: Iterable[Any], until: datetime) -> None:
        """Take what a page of a symbol shows."""
        old = [number for raw in rows if (number := _settled_id(raw, until)) is not None]
        self.last[symbol] = max([self.last.get(symbol, -1), *old])


def by_symbols(size: int = MOST) -> Walk:
    """Walk every symbol that may have trades from its mark; at first the account's whole life.

    A cut walk goes on where each symbol was, after it has asked the known ones again: they must be
    fewer than a message has time for, which are well over a thousand.
    """

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        if not is_spot(account):
            return
        progress, pairs = Progress.of(window.mark), read_pairs(await ask(_PAIRS))
        symbols = _Symbols(ask, progress, window.until, pairs, size)
        held = balances_of(await ask(ACCOUNT))
        orders = array_of(await ask(_ORDERS))
        first = candidates(progress.last, pairs, held, orders)
        async for page in symbols.reread():
            yield page
        for symbol in first:
            async for page in symbols.trades(symbol):
                yield page
        for symbol in islice(round_from(progress.looked, pairs, first), _A_FEW):
            async for page in symbols.trades(symbol):
                yield page
            progress.looked = symbol
        yield Page((), mark=progress.mark())

    return walk


def candidates(
    known: Iterable[str], pairs: Mapping[str, Pair], held: Iterable[str], orders: Iterable[Any]
) -> list[str]:
    """List the symbols that may have trades: known ones, those of what is held, those of orders."""
    assets = set(held)
    quotes = _QUOTES | assets
    of_held = (s for s, pair in pairs.items() if pair.base in assets and pair.quote in quotes)
    found = (raw.get("symbol") for raw in orders if isinstance(raw, dict))
    named = (symbol for symbol in found if isinstance(symbol, str))
    return list(dict.fromkeys([*sorted(known), *sorted(of_held), *sorted(named)]))


def round_from(looked: str, pairs: Iterable[str], but: Iterable[str]) -> list[str]:
    """Order all other symbols so that those come first that were longest not looked through."""
    others = set(pairs) - set(but)
    return sorted(others, key=lambda symbol: (symbol <= looked, symbol))


def read_pairs(body: Any) -> dict[str, Pair]:
    """Read what each symbol exchanges, whatever its status: only this tells its two assets.

    Raises: ContractBroken.
    """
    found: dict[str, Pair] = {}
    for raw in array_of(body.get("symbols") if isinstance(body, dict) else None):
        row = raw if isinstance(raw, dict) else {}
        names = [row.get(name) for name in ("symbol", "baseAsset", "quoteAsset")]
        if not all(isinstance(name, str) and name for name in names):
            raise ContractBroken("Binance's symbols: expected each with its two assets")
        found[str(names[0])] = Pair(str(names[1]), str(names[2]))
    return found


@dataclass(frozen=True, slots=True)
class _Symbols:
    ask: Ask
    progress: Progress
    until: datetime
    pairs: Mapping[str, Pair]
    size: int

    async def trades(self, symbol: str) -> AsyncIterator[Page]:
        """Give the trades of a symbol, oldest first; a symbol that is gone is told as a row."""
        pair, after = self.pairs.get(symbol), self.progress.last.get(symbol, -1)
        while pair is not None:
            try:
                rows = array_of(await self.ask(self._asked(symbol, fromId=str(after + 1))))
            except SymbolGone:
                break
            if rows:
                self.progress.note(symbol, rows, self.until)
            yield Page([_composed(raw, pair) for raw in rows], mark=self.progress.mark())
            if len(rows) < self.size:
                return
            after = _newest_id(rows, after)
        yield Page([{"gone": symbol}])

    async def reread(self) -> AsyncIterator[Page]:
        """Give once a week the newest trades of every known symbol, whatever their ids."""
        today, before = self.until.astimezone(UTC).date(), self.progress.reread
        if before is not None and today - before < _REREAD:
            return
        for symbol in filter(self.pairs.__contains__, sorted(self.progress.last)):
            try:
                rows = array_of(await self.ask(self._asked(symbol)))
            except SymbolGone:
                continue  # told when it is walked
            yield Page([_composed(raw, self.pairs[symbol]) for raw in rows])
        self.progress.reread = today

    def _asked(self, symbol: str, **more: str) -> Request:
        params = {"symbol": symbol, **more, "limit": str(self.size)}
        return Request("/api/v3/myTrades", params, cost=20)


def _composed(raw: Any, pair: Pair) -> dict[str, Any]:
    return {"trade": raw, "baseAsset": pair.base, "quoteAsset": pair.quote}


def _id(raw: Any) -> int | None:
    found = raw.get("id") if isinstance(raw, dict) else None
    return found if type(found) is int else None


def _settled_id(raw: Any, until: datetime) -> int | None:
    at = booked_at(raw)
    return _id(raw) if at is not None and at <= until - _SETTLED else None


def _newest_id(rows: Iterable[Any], after: int) -> int:
    newest = max((number for raw in rows if (number := _id(raw)) is not None), default=after)
    if newest <= after:
        raise ContractBroken("Binance's trades: a full page leads to no later id")
    return newest
