"""How TradeStation's orders are walked: closed ones newest first, then those of today and open.

Newest first nothing is complete before the end. So a walk that was cut keeps in its mark what it
was about: the stretch, as it was, and the token of its next page. The walk after it ends that
stretch, and then reads what has closed since.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.engine.paging import FirstRequest, by_next_token
from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.brokers.tradestation.rows import booked_at
from shared.domain.errors import ContractBroken, RequestRejected
from shared.domain.time import as_utc, iso, parse_instant

ACCOUNTS = "/v3/brokerage/accounts"
_PAGE_SIZE = "600"  # the most; without a size the rest is dropped in silence
# The documents say 90 days, newer ones 730; a refused day is asked for again just inside of 90.
_SURE_DEPTH, _OLD_DEPTH = timedelta(days=89), timedelta(days=91)
_DAY = timedelta(days=1)
_ENDED = ""  # in the place of a token


def rows_of(name: str, body: Any) -> list[Any]:
    """Take the list of this name.

    Raises: ContractBroken.
    """
    found = body.get(name) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise ContractBroken(f"TradeStation: expected a list of {name}")
    return found


def orders_of(body: Any) -> list[Any]:
    """Take the orders of an answer.

    Raises: ContractBroken.
    """
    return rows_of("Orders", body)


def told_of(body: Any) -> list[Any]:
    """Take the orders of a saved answer, and what it says of accounts that it leaves out.

    Raises: ContractBroken.
    """
    orders, left_out = orders_of(body), body.get("Errors")
    return [*orders, *(left_out if isinstance(left_out, list) else ())]


def _pages(first: FirstRequest) -> Walk:
    return by_next_token(first, parameter="nextToken", rows=orders_of, token=_next_token)


def _next_token(body: Any) -> Any:
    return body.get("NextToken") or None


def _open(account: BrokerAccount, _: Window) -> Request:
    return Request(f"{ACCOUNTS}/{account.account_id}/orders", {"pageSize": _PAGE_SIZE})


def _closed_from(depth: timedelta | None = None) -> Walk:
    """Walk closed orders from the day before a window, at most from `depth` before its end.

    Whether a day is included, and in which time zone, is unverified: one earlier holds the window.
    """

    def first(account: BrokerAccount, window: Window) -> Request:
        since = window.since - _DAY
        since = since if depth is None else max(since, window.until - depth)
        params = {"since": as_utc(since).date().isoformat(), "pageSize": _PAGE_SIZE}
        return Request(f"{ACCOUNTS}/{account.account_id}/historicalorders", params)

    return _pages(first)


_ALL, _SURE, _OPEN = _closed_from(), _closed_from(_SURE_DEPTH), _pages(_open)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What a walk is about, and from which page on; `token` is None for the first."""

    since: datetime
    until: datetime
    sure: bool = False  # asked for no deeper than is sure to be answered
    token: str | None = None

    @classmethod
    def of(cls, mark: str | None) -> "_Stretch | None":
        if mark is None:
            return None
        since, until, sure, token = mark.split(" ", 3)
        return cls(parse_instant(since), parse_instant(until), sure == "sure", token)

    def mark(self, token: str) -> str:
        sure = "sure" if self.sure else "all"
        return f"{iso(self.since)} {iso(self.until)} {sure} {token}"

    async def pages(self, ask: Ask, account: BrokerAccount) -> AsyncIterator[Page]:
        walk = _SURE if self.sure else _ALL
        async for page in walk(ask, account, Window(self.since, self.until, self.token)):
            rows = [raw for raw in page.rows if (booked_at(raw) or self.since) >= self.since]
            yield Page(rows, mark=self.mark(page.mark) if page.mark else None)
        yield Page((), mark=self.mark(_ENDED))


async def closed_orders(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
    """Walk closed orders and leave out what closed before the window."""
    since, cut = window.since, _Stretch.of(window.mark)
    if cut is not None and cut.since <= since:
        since = max(since, cut.until - _DAY)
        if cut.token != _ENDED:
            async for page in cut.pages(ask, account):
                yield page
    whole = _Stretch(since, window.until)
    try:
        async for page in whole.pages(ask, account):
            yield page
    except RequestRejected as error:
        if error.status != 400 or window.until - since > _OLD_DEPTH:
            raise
        async for page in replace(whole, sure=True).pages(ask, account):
            yield page


async def open_orders(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
    """Walk today's orders and all open ones; a list that moves has no page to go on from."""
    async for page in _OPEN(ask, account, replace(window, mark=None)):
        yield Page(page.rows)
