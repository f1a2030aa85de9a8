"""One account of the local user, with a fill, all of it built."""

import pytest

from shared.http.identity import LOCAL_USER
from tests.house import House
from tests.rows import account_document, fill, page
from tests.twins.memory_documents import MemoryDocuments


@pytest.fixture
async def house() -> House:
    made = House(MemoryDocuments())
    await made.documents.commit([account_document(LOCAL_USER)])
    await made.store.store(page([fill("a", "10", "100")], user=LOCAL_USER))
    await made.settle()
    return made
