"""Ways of walking a history: each a small strategy, put together by a broker's spec.

A walk yields pages and always ends; what it asks through `ask` may raise BudgetSpent at any
request, after which what was yielded stands.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import ContractBroken, RequestRejected

Rows = Callable[[Any], list[Any]]  # finds the list in a body; ContractBroken when there is none
# When the broker booked a raw row; None: it does not say.
BookedAt = Callable[[Any], datetime | None]
FirstRequest = Callable[[BrokerAccount, Window], Request]
_SHORTEST = timedelta(seconds=1)  # of a window that is halved


class _TokenRanOut(ContractBroken):
    """The next page can only be reached by starting over."""


def by_last_id(  # noqa: PLR0913 - what such a listing is described by
    first: FirstRequest,
    *,
    parameter: str,
    id_field: str,
    size: int,
    rows: Rows,
    booked_at: BookedAt,
) -> Walk:
    """Page by handing back the last row's id, oldest row first; a page not full is the last.

    Raises: ContractBroken (from the walk) when a full page's last row has no id, or an id that
    was handed back before: that walk would never end.
    """

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        start, seen = first(account, window), set[str]()
        request = start
        while True:
            found = rows(await ask(request))
            yield Page(found, newest(found, booked_at))
            if len(found) < size:
                return
            last = _token(found[-1].get(id_field) if isinstance(found[-1], dict) else None, seen)
            request = _with(start, parameter, last)

    return walk


def by_next_token(
    first: FirstRequest, *, parameter: str, rows: Rows, token: Callable[[Any], Any]
) -> Walk:
    """Page by the token that an answer carries, in any order of rows; no token ends it.

    Each page's mark is the token of the next one; a window's mark is the token to begin with.
    A token that ran out (400) starts the walk over, once: rows that come again are the same rows.
    Raises: ContractBroken (from the walk) when a token is no text or comes back.
    """

    async def pages(ask: Ask, start: Request, begin: str | None) -> AsyncIterator[Page]:
        request, seen = start if begin is None else _with(start, parameter, begin), set[str]()
        while True:
            try:
                body = await ask(request)
            except RequestRejected as error:
                if error.status != 400 or request is start:
                    raise
                raise _TokenRanOut("a page token ran out before its next page") from error
            found, following = rows(body), token(body)  # in this order: rows know what a body is
            if following is None:
                yield Page(found)
                return
            yield Page(found, mark=_token(following, seen))
            request = _with(start, parameter, following)

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        start = first(account, window)
        try:
            async for page in pages(ask, start, window.mark):
                yield page
        except _TokenRanOut:
            async for page in pages(ask, start, None):
                yield page

    return walk


def by_plan(
    plan: FirstRequest,
    *,
    pages: Callable[[Any, BrokerAccount], Sequence[Request]],
    rows: Rows,
    booked_at: BookedAt,
    mark_of: Callable[[Any], str | None],
) -> Walk:
    """Ask for the list of pages, oldest first, then for each: OANDA's windows.

    Shape: `mark_of` gives the broker's id of a raw row, which increases along the walk; None where
    the row is spoiled.
    Raises: ContractBroken (from the walk) when a page ends as one before it did.
    """

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        seen = set[str]()
        for request in pages(await ask(plan(account, window)), account):
            found = rows(await ask(request))
            mark = mark_of(found[-1]) if found else None
            if mark is not None:
                _token(mark, seen)
            yield Page(found, newest(found, booked_at), mark)

    return walk


def since_mark(
    request: Callable[[BrokerAccount, str], Request],
    *,
    rows: Rows,
    booked_at: BookedAt,
    reached: Callable[[Any, str], tuple[str, bool]],
    otherwise: Walk,
) -> Walk:
    """Ask for what is newer than the window's mark, oldest first; without a mark walk `otherwise`.

    Shape: `reached` gives from a body, and the mark that was asked for, the mark that this answer
    reached and whether there is more behind it.
    Raises: ContractBroken (from the walk) when a mark comes back.
    """

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        if window.mark is None:
            async for page in otherwise(ask, account, window):
                yield page
            return
        seen, mark, is_more = {window.mark}, window.mark, True
        while is_more:
            body = await ask(request(account, mark))
            found, (mark, is_more) = rows(body), reached(body, mark)
            yield Page(found, newest(found, booked_at), mark)
            if is_more:
                _token(mark, seen)

    return walk


def by_halves(request: FirstRequest, *, rows: Rows, limit: int) -> Walk:
    """Ask for a whole window; an answer of `limit` rows or more may be cut, so ask for halves.

    Raises: ContractBroken (from the walk) when even the shortest window has too many rows.
    """

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        waiting = [window]
        while waiting:
            part = waiting.pop()
            found = rows(await ask(request(account, part)))
            length = part.until - part.since
            if len(found) < limit:
                yield Page(found, part.until)
            elif length < 2 * _SHORTEST:
                raise ContractBroken(f"{len(found)} rows in {length}: the answer may be cut")
            else:
                middle = part.since + length / 2
                waiting += [Window(middle, part.until), Window(part.since, middle)]

    return walk


def in_spans(longest: timedelta, walk: Walk) -> Walk:
    """Split a window at the broker's longest span, oldest part first; each part is complete."""

    async def spans(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        if window.mark is not None:  # walked by id, not by time
            async for page in walk(ask, account, window):
                yield page
            return
        since = window.since
        while True:
            until = min(since + longest, window.until)
            async for page in walk(ask, account, Window(since, until)):
                yield page
            yield Page((), until)
            if until == window.until:
                return
            since = until

    return spans


def newest(rows: Sequence[Any], booked_at: BookedAt) -> datetime | None:
    """Tell when the newest of some rows was booked."""
    return max((at for raw in rows if (at := booked_at(raw))), default=None)


def _with(start: Request, parameter: str, value: str) -> Request:
    return replace(start, params={**start.params, parameter: value})


def _token(value: Any, seen: set[str]) -> str:
    if not isinstance(value, str) or not value:
        raise ContractBroken(f"a full page has nothing to go on from: {type(value).__name__}")
    if value in seen:
        raise ContractBroken("the broker's pages go in a circle: a page token came back")
    seen.add(value)
    return value
