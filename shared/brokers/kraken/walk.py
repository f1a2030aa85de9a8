"""Walking Kraken's two histories side by side, oldest first: trades, and the ledger beside them.

A trade is given once its entries of the ledger are here, an entry once its time has been reached.
Both lists are pages of 50, newest first, up to a frozen end.
"""

import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.brokers.engine.frozen_pages import from_the_last
from shared.brokers.kraken.account import may_read_ledger
from shared.brokers.kraken.errors import PermissionDenied
from shared.brokers.kraken.fields import (
    Row,
    booked_at,
    entries_in,
    in_one_piece,
    result_of,
    text_in,
    total_of,
    trades_in,
)
from shared.brokers.kraken.progress import Progress
from shared.brokers.kraken.trades import belongs_to
from shared.brokers.spec import Ask, BrokerAccount, Lost, Page, Request, Walk, Window
from shared.domain.time import to_micros

_log = logging.getLogger(__name__)

PAGE = 50  # rows; Kraken has no other size
PAIRS = Request("/0/public/AssetPairs", shared=True, cost=0)  # is not counted against the key
_TRADES, _LEDGER = "/0/private/TradesHistory", "/0/private/Ledgers"
_SLACK = timedelta(minutes=1)  # an entry and its trade have one time; where not, so much apart
_SECOND = 1_000_000  # microseconds
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)
_HIDDEN = (
    "Kraken: the key may not read the ledger, so fees are estimates, and deposits, purchases "
    "without an order and fees of margin are not known: give it Query ledger entries, and have "
    "these days read again"
)


@dataclass
class _Feed:
    """One of the two histories: what of it is here and was not given yet.

    Shape: all its rows up to `front` have come.
    """

    pages: AsyncIterator[Page]
    id_field: str
    front: datetime = _BEGIN
    waiting: dict[str, Row] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    async def pull(self) -> list[Row]:
        """Take one more page; give what is new of it. A page comes again when a walk starts over.

        Raises: as `ask`, and ContractBroken.
        """
        try:
            page = await anext(self.pages)
        except StopAsyncIteration:
            self.front = _END
            return []
        new = [row for row in page.rows if row[self.id_field] not in self._seen]
        self._seen |= {row[self.id_field] for row in new}
        self.waiting |= {row[self.id_field]: row for row in new}
        self.front = max(self.front, page.complete_until or self.front)
        return new

    def due(self, until: datetime) -> list[Row]:
        """Give what was booked by then, and what does not say when."""
        found = [(booked_at(row) or _BEGIN, name, row) for name, row in self.waiting.items()]
        due = sorted((one for one in found if one[0] <= until), key=lambda one: one[:2])
        for _, name, _ in due:
            del self.waiting[name]
        return [row for _, _, row in due]


def by_two_histories() -> Walk:
    """Walk trades and ledger together; where the key may not read the ledger, trades alone."""

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        progress = Progress.of(window.mark)
        part = Window(progress.begin(window), window.until)
        joined = _Joined(ask, progress, *_feeds(ask, account, part))
        while not joined.is_at_end:
            rows = await joined.more()
            lost = (Lost(part.since, part.until, _HIDDEN),) if joined.is_hidden else ()
            if part.since < joined.safe < _END:
                progress.reached = joined.safe
            yield Page(rows, progress.reached, mark=progress.mark(), lost=lost)
        progress.end(window)
        yield Page((), mark=progress.mark())

    return walk


def _feeds(ask: Ask, account: BrokerAccount, part: Window) -> tuple[_Feed, _Feed]:
    """Begin both histories; the ledger a little earlier, for trades at the beginning."""
    wider = Window(part.since - _SLACK, part.until)
    common: dict[str, Any] = {"size": PAGE, "total": total_of, "booked_at": booked_at}
    trades = from_the_last(_trades_page, rows=trades_in, **common)
    entries = from_the_last(_ledger_page, rows=entries_in, **common)
    return _Feed(trades(ask, account, part), "txid"), _Feed(entries(ask, account, wider), "id")


def _trades_page(_: BrokerAccount, window: Window, number: int) -> Request:
    # consolidated for ever: told the other way, the same trades have other ids
    told = {"type": "all", **_bounds(window, number)}
    return Request(_TRADES, form={**told, "consolidate_taker": "true", "ledgers": "true"}, cost=2)


def _ledger_page(_: BrokerAccount, window: Window, number: int) -> Request:
    return Request(_LEDGER, form={"type": "all", **_bounds(window, number)}, cost=2)


def _bounds(window: Window, number: int) -> Mapping[str, str]:
    """Name whole seconds that hold the window: `start` does not belong to it, `end` does."""
    since, until = to_micros(window.since) // _SECOND, -(-to_micros(window.until) // _SECOND)
    return {"start": str(since - 1), "end": str(until), "ofs": str(PAGE * number)}


@dataclass
class _Joined:
    """Both histories, and what joins them.

    Shape: `is_hidden` tells that the key may not read the ledger.
    """

    ask: Ask
    progress: Progress
    trades: _Feed
    entries: _Feed
    is_hidden: bool = False
    _by_refid: defaultdict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))

    @property
    def is_at_end(self) -> bool:
        """Whether both histories were given whole."""
        return self.safe == _END

    @property
    def safe(self) -> datetime:
        """Until when everything can be given."""
        entries = self.entries.front
        return min(self.trades.front, entries if entries in {_BEGIN, _END} else entries - _SLACK)

    async def more(self) -> list[Row]:
        """Pull a page of the history that is behind; give what can be given now.

        Raises: as `ask`, and ContractBroken.
        """
        if self.entries.front <= self.trades.front:
            await self._pull_entries()
        else:
            await self._name_pairs(await self.trades.pull())
        trades = [self._composed(row) for row in self.trades.due(self.safe)]
        return [*trades, *in_one_piece(self.entries.due(self.safe))]

    async def _pull_entries(self) -> None:
        try:
            new = await self.entries.pull() if await may_read_ledger(self.ask) else None
        except PermissionDenied:
            new = None
        if new is None:
            self.is_hidden, self.entries.front = True, _END
        for entry in new or ():
            self._by_refid[text_in(entry["ledger"], "refid")][entry["id"]] = entry

    async def _name_pairs(self, trades: Sequence[Row]) -> None:
        """Look up pairs that were not met before; one that is not listed keeps its bare name."""
        pairs = self.progress.pairs
        unknown = {text_in(row["trade"], "pair") for row in trades} - pairs.keys()
        if not unknown:
            return
        listed = result_of(await self.ask(PAIRS))
        for pair in sorted(unknown):
            if name := text_in(listed.get(pair), "wsname"):
                pairs[pair] = name
            else:
                _log.warning("kraken.pair_not_listed", extra={"pair": pair})

    def _composed(self, row: Row) -> Row:
        """Join a trade with what its pair is called, and with its entries of the ledger."""
        txid, trade = row["txid"], row["trade"]
        near = self._by_refid.get(txid, {}) | self._by_refid.get(text_in(trade, "postxid"), {})
        entries = [near[name] for name in sorted(near)]
        own = [entry for entry in entries if belongs_to(entry["ledger"], txid, trade)]
        pair = self.progress.pairs.get(text_in(trade, "pair"))
        return {**row, "pair": pair, "entries": own}
