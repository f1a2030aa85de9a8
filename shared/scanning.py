"""Reading an ordered scan to its end, and working on what it gives."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from shared.ports import Document, Documents, Query

_log = logging.getLogger(__name__)

_AT_ONCE = 25
_T = TypeVar("_T")


async def pages(documents: Documents, query: Query) -> AsyncIterator[tuple[Document, ...]]:
    """Yield all pages; an empty scan is one page without documents.

    Raises: StoreUnavailable.
    """
    while True:
        page = await documents.scan(query)
        yield page.documents
        if page.cursor is None:
            return
        query = replace(query, cursor=page.cursor)


async def every(documents: Documents, query: Query) -> AsyncIterator[Document]:
    """Yield the documents of all pages; one page is in memory at a time.

    Raises: StoreUnavailable.
    """
    async for page in pages(documents, query):
        for document in page:
            yield document


def batches(items: Sequence[_T], size: int = 400) -> Iterator[Sequence[_T]]:
    """Yield items in parts; a batch of the stores holds at most 450 writes."""
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


async def for_each(
    documents: Documents,
    query: Query,
    work: Callable[[Document], Awaitable[_T]],
    *,
    at_once: int = _AT_ONCE,
) -> AsyncIterator[tuple[Document, _T | Exception]]:
    """Work on every document, some at once; yield what came of each, in the order of the scan.

    What one fails with is logged and yielded in its place, and stops no other. Documents and
    results of `at_once` are in memory at a time.
    Raises: what the first failed with when none succeeded; StoreUnavailable from the scan.
    """
    failed, succeeded = None, False
    async for page in pages(documents, replace(query, limit=at_once)):
        done = await asyncio.gather(*map(work, page), return_exceptions=True)
        for document, result in zip(page, done, strict=True):
            if isinstance(result, Exception):
                _log.error("sweep.one_failed", extra={"id": document.key.id}, exc_info=result)
                failed = failed or result
            elif isinstance(result, BaseException):
                raise result
            else:
                succeeded = True
            yield document, result
    if failed is not None and not succeeded:
        raise failed
