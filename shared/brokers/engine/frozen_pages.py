"""Walking a history by page numbers: the end of the window is frozen, and the total is watched.

Numbered pages drift: a row that comes or goes before the place where a walk stands shifts every
later one. New rows lie behind the frozen end; a late or a deleted one changes the total, and then
the walk starts over. Rows that come again are the same rows.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from shared.brokers.engine.paging import BookedAt, Rows, newest
from shared.brokers.spec import Ask, BrokerAccount, Page, Request, Walk, Window
from shared.domain.errors import ContractBroken

_STARTS = 4  # a history that changes at each of them is not read now


class _Changed(Exception):
    """The total is not what it was on the first page."""


def by_number(
    request: Callable[[BrokerAccount, Window, int], Request],
    *,
    size: int,
    rows: Rows,
    total: Callable[[Any], int],
    booked_at: BookedAt | None,
) -> Walk:
    """Page by number, from 0, until as many rows were given as the answers say there are.

    Shape: `request` asks for one page of `size` rows, always up to the window's own end; `total`
    reads from a body how many rows all pages have (ContractBroken when it does not say);
    `booked_at` is None where rows come newest first: nothing is complete then before the end.
    Raises: ContractBroken (from the walk) when a page has not the rows that it must have, or when
    the total changes at every start.
    """

    async def pages(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        number, known = 0, None
        while known is None or number * size < known:
            body = await ask(request(account, window, number))
            found, count = rows(body), total(body)
            if known not in (None, count):
                raise _Changed
            known, owed = count, min(size, max(0, count - number * size))
            _assert_owed(number, len(found), owed)
            yield Page(found, None if booked_at is None else newest(found, booked_at))
            number += 1

    return _started_over(pages)


def from_the_last(
    request: Callable[[BrokerAccount, Window, int], Request],
    *,
    size: int,
    rows: Rows,
    total: Callable[[Any], int],
    booked_at: BookedAt,
) -> Walk:
    """Page from the last number down to 0, where rows come newest first: so the oldest come first.

    Shape: as `by_number`; page 0 tells the total first, and is asked for again where it is not all.
    Raises: as `by_number`.
    """

    async def pages(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        body = await ask(request(account, window, 0))
        known = total(body)
        last = max(0, known - 1) // size
        for number in range(last, -1, -1):
            if last:
                body = await ask(request(account, window, number))
            found, owed = rows(body), min(size, known - number * size)
            if total(body) != known:
                raise _Changed
            _assert_owed(number, len(found), owed)
            yield Page(found, newest(found, booked_at))

    return _started_over(pages)


def _assert_owed(number: int, found: int, owed: int) -> None:
    if found != owed:
        raise ContractBroken(f"page {number} has {found} rows, {owed} were owed")


def _started_over(pages: Walk) -> Walk:
    """Walk again from the beginning whenever the total changes."""

    async def walk(ask: Ask, account: BrokerAccount, window: Window) -> AsyncIterator[Page]:
        for _ in range(_STARTS):
            try:
                async for page in pages(ask, account, window):
                    yield page
            except _Changed:
                continue
            return
        raise ContractBroken(f"the number of rows changed during each of {_STARTS} walks")

    return walk
