from collections.abc import Sequence

from shared.journal.tombstones import Erasure
from shared.ports import Create, Delete, Key, Query, Write
from shared.scanning import every
from tests.house import House
from tests.rows import ACCOUNT, USER, fill, page
from tests.twins.memory_documents import MemoryDocuments

STRAY = Key("round_trips", (USER, "stray"))
TRIP = {"account_key": ACCOUNT, "root": "SPY", "opened_us": 1, "closed_us": None}


class Overtaken(MemoryDocuments):
    """A build that had read the log before writes what it computed after the first removal."""

    waiting = True

    async def commit(self, writes: Sequence[Write]) -> None:
        await super().commit(writes)
        if self.waiting and any(isinstance(write, Delete) for write in writes):
            self.waiting = False
            await super().commit([Create(STRAY, TRIP)])


async def test_what_a_build_writes_during_an_erasure_is_erased_too() -> None:
    house = House(Overtaken())
    await house.store.store(page([fill("a", "1", "10"), fill("b", "-1", "11", minute=1)]))
    await house.settle()
    await Erasure(house.documents, house.clock, house.entropy).erase(USER, ACCOUNT)
    left = [
        found.key
        for name in ("executions", "round_trips", "positions", "daily", "checkpoints")
        async for found in every(house.documents, Query(name, (USER,)))
    ]
    assert left == []


async def test_the_rows_of_a_long_account_are_removed_in_few_batches() -> None:
    documents = MemoryDocuments()
    house = House(documents)
    for run in range(1, 4):
        rows = [fill(f"{run}-{n}", "1", "10", minute=n) for n in range(200)]
        await house.store.store(page(rows, run=run))
    await house.settle()
    before = documents.commits
    await Erasure(documents, house.clock, house.entropy).erase(USER, ACCOUNT)
    assert documents.commits - before <= 5
