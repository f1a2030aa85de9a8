import asyncio
from dataclasses import replace

import pytest

from shared.ports import Create, Document, Key, Query
from shared.scanning import every, for_each, pages
from tests.twins.memory_documents import MemoryDocuments

QUERY = Query("accounts", ("u",))


@pytest.fixture
async def documents() -> MemoryDocuments:
    documents = MemoryDocuments()
    keys = [Key(QUERY.collection, ("u", f"{number:02d}")) for number in range(7)]
    await documents.commit([Create(key, {"number": i}) for i, key in enumerate(keys)])
    return documents


async def numbers(documents: MemoryDocuments, *failing: int, at_once: int = 3) -> list[object]:
    async def work(document: Document) -> int:
        number: int = document.body["number"]
        if number in failing:
            raise KeyError(number)
        return number

    found = for_each(documents, QUERY, work, at_once=at_once)
    return [type(one) if isinstance(one, Exception) else one async for _, one in found]


async def test_a_scan_is_read_to_its_end_page_by_page(documents: MemoryDocuments) -> None:
    query = replace(QUERY, limit=3)
    assert [len(page) async for page in pages(documents, query)] == [3, 3, 1]
    assert [found.body["number"] async for found in every(documents, query)] == [*range(7)]


async def test_every_document_is_worked_on_in_the_order_of_the_scan(
    documents: MemoryDocuments,
) -> None:
    assert await numbers(documents) == [0, 1, 2, 3, 4, 5, 6]


async def test_one_that_fails_stops_no_other(documents: MemoryDocuments) -> None:
    assert await numbers(documents, 1, 5) == [0, KeyError, 2, 3, 4, KeyError, 6]


async def test_where_all_fail_the_first_failure_is_told(documents: MemoryDocuments) -> None:
    with pytest.raises(KeyError, match="0"):
        await numbers(documents, *range(7))


async def test_no_more_than_asked_for_are_worked_on_at_once(documents: MemoryDocuments) -> None:
    working, most = 0, 0

    async def work(_: Document) -> None:
        nonlocal working, most
        working += 1
        most = max(most, working)
        await asyncio.sleep(0)
        working -= 1

    async for _ in for_each(documents, QUERY, work, at_once=3):
        pass
    assert most == 3
