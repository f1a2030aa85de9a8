"""Walking USD-M futures: spans of a week, each symbol by time, with the income of the span.

Of two times at most seven days, and of six months no more; an id and times exclude each other.
Source: binance-connector-python's docstrings of userTrades, income and positionRisk (snapshot
2026-08-21). Trades without a symbol are not asked for: that they are given is undocumented.
"""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.binance.account import FUTURES, POSITIONS, array_of, is_spot
from shared.brokers.binance.errors import SymbolGone
from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import ContractBroken
from shared.domain.ids import canonical_json
from shared.domain.time import to_micros

MOST = 1000  # rows of an answer
SPAN = timedelta(days=7) - timedelta(milliseconds=2)  # ends are whole milliseconds, asked wider
INCOME_REACH = timedelta(days=89)  # "three months", of which the shortest have 89 days


def by_weeks(size: int = MOST) -> Walk:
    """Walk all trades and incomes of a window, a week at a time; the mark keeps the symbols."""

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        if is_spot(account):
            return
        known = set(json.loads(window.mark)) if window.mark else set[str]()
        known |= set(_symbols(array_of(await ask(POSITIONS))))
        since = window.since
        while True:
            until = min(since + SPAN, window.until)
            reach = max(since, window.until - INCOME_REACH)
            incomes = await _incomes(ask, reach, until, size) if reach < until else []
            known |= set(_symbols(incomes))
            commissions = _commissions(incomes)
            for symbol in sorted(known):
                walked = _Trades(ask, symbol, _ms(since), _ms(until) + 1, size)
                async for rows in walked.pages():
                    yield Page([_composed(raw, commissions) for raw in rows])
            yield Page(incomes, until, canonical_json(sorted(known)))
            if until == window.until:
                return
            since = until

    return walk


async def _incomes(ask: Ask, since: datetime, until: datetime, size: int) -> list[Any]:
    found, page = list[Any](), 0
    while len(found) == page * size:
        page += 1
        asked = {
            "startTime": str(_ms(since)),
            "endTime": str(_ms(until) + 1),
            "page": str(page),
            "limit": str(size),
        }
        found += array_of(await ask(Request("/fapi/v1/income", asked, host=FUTURES, cost=30)))
    return found


@dataclass(frozen=True, slots=True)
class _Trades:
    """The trades of one symbol between two times, in milliseconds; both belong to them."""

    ask: Ask
    symbol: str
    start: int
    end: int
    size: int

    async def pages(self) -> AsyncIterator[Sequence[Any]]:
        start = self.start
        while True:
            try:
                rows = array_of(await self.ask(self._asked(startTime=start, endTime=self.end)))
            except SymbolGone:
                yield [{"gone": self.symbol}]
                return
            yield rows
            if len(rows) < self.size:
                return
            newest = _newest(rows, "time", start)
            if newest == start:
                break
            start = newest  # not one later: several trades share a millisecond
        async for following in self._by_id(_newest(rows, "id", 0)):
            yield following

    async def _by_id(self, after: int) -> AsyncIterator[Sequence[Any]]:
        """Go on by ids, where a whole answer had one millisecond and no time leads further."""
        while True:
            rows = array_of(await self.ask(self._asked(fromId=after + 1)))
            inside = [raw for raw in rows if not _is_later(raw, self.end)]
            yield inside
            if len(rows) < self.size or len(inside) < len(rows):
                return
            after = _newest(rows, "id", after + 1)

    def _asked(self, **more: int) -> Request:
        params = {
            "symbol": self.symbol,
            **{name: str(value) for name, value in more.items()},
            "limit": str(self.size),
        }
        return Request("/fapi/v1/userTrades", params, host=FUTURES, cost=5)


def _newest(rows: Iterable[Any], name: str, least: int) -> int:
    numbers = [raw.get(name) for raw in rows if isinstance(raw, dict)]
    newest = max((number for number in numbers if type(number) is int), default=-1)
    if newest < least:
        raise ContractBroken("Binance's futures trades: a full page leads nowhere")
    return newest


def _is_later(raw: Any, end: int) -> bool:
    at = raw.get("time") if isinstance(raw, dict) else None
    return type(at) is int and at > end


def _symbols(rows: Iterable[Any]) -> list[str]:
    named = (raw.get("symbol") for raw in rows if isinstance(raw, dict))
    return [symbol for symbol in named if isinstance(symbol, str) and symbol]


def _commissions(incomes: Iterable[Any]) -> dict[tuple[str, str], list[Any]]:
    """Sort what trades cost by symbol and trade, for the sign that a trade's own field leaves open.

    Whether the ledger always has them when the trade is shown is unverified.
    """
    found: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for raw in incomes:
        if isinstance(raw, dict) and raw.get("incomeType") == "COMMISSION":
            found[str(raw.get("symbol")), str(raw.get("tradeId"))].append(raw)
    return found


def _composed(raw: Any, commissions: dict[tuple[str, str], list[Any]]) -> dict[str, Any]:
    if not isinstance(raw, dict):
        return {"trade": raw}
    if "gone" in raw:
        return raw
    costs = commissions.get((str(raw.get("symbol")), str(raw.get("id"))), [])
    return {"trade": raw, "commissions": costs}


def _ms(at: datetime) -> int:
    return to_micros(at) // 1000
