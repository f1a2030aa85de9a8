"""Reading an ordered scan to its end."""

from collections.abc import AsyncIterator
from dataclasses import replace

from shared.ports import Document, Documents, Query


async def every(documents: Documents, query: Query) -> AsyncIterator[Document]:
    """Yield the documents of all pages; one page is in memory at a time.

    Raises: StoreUnavailable.
    """
    while True:
        page = await documents.scan(query)
        for document in page.documents:
            yield document
        if page.cursor is None:
            return
        query = replace(query, cursor=page.cursor)
