"""What Firestore would bill: documents read, written and deleted, counted on the memory twin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.journal.queries import Window
from shared.ports import Delete, Document, Documents, Key, Page, Query, Write
from tests.house import USER, House
from tests.twins.memory_documents import MemoryDocuments

pytestmark = pytest.mark.benchmark


@dataclass
class Counting:
    """Counts what is billed: a lookup is one read, a page one a document and one more if cut."""

    inner: Documents
    reads: int = 0
    writes: int = 0
    deletes: int = 0

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        self.reads += len(keys)
        return await self.inner.get_many(keys)

    async def commit(self, writes: Sequence[Write]) -> None:
        deletes = sum(isinstance(write, Delete) for write in writes)
        self.deletes += deletes
        self.writes += len(writes) - deletes
        await self.inner.commit(writes)

    async def scan(self, query: Query) -> Page:
        page = await self.inner.scan(query)
        self.reads += max(1, len(page.documents) + (page.cursor is not None))
        return page

    async def close(self) -> None:
        await self.inner.close()

    def take(self) -> tuple[int, int, int]:
        counted = self.reads, self.writes, self.deletes
        self.reads = self.writes = self.deletes = 0
        return counted


async def test_what_a_journal_costs_in_documents() -> None:
    counting = Counting(MemoryDocuments())
    house = House(counting)
    await house.open_accounts()
    house.trade()
    counting.take()
    lines: list[tuple[str, tuple[int, int, int]]] = []
    await house.tick()
    rows = len((await house.queries.executions(USER, None, Window(limit=1000))).items)
    lines.append((f"first sync of 3 accounts, {rows} rows, to the journal", counting.take()))
    for name in ("sync of 3 accounts, nothing new", "the same again"):
        house.clock.advance(timedelta(minutes=15))
        counting.take()
        await house.tick()
        lines.append((name, counting.take()))
    house.clock.advance(timedelta(minutes=15))
    at = house.clock.now() - timedelta(minutes=1)
    house.world.order(house.accounts[0], "SPY", "buy", [(Decimal(1), Decimal(300), at)])
    counting.take()
    await house.tick()
    lines.append(("sync of 3 accounts, 1 new fill", counting.take()))
    await house.reconcile.sweep(USER)
    lines.append(("first reconciliation of 3 accounts", counting.take()))
    await house.reconcile.sweep(USER)
    lines.append(("every other reconciliation", counting.take()))
    await house.queries.executions(USER, None, Window())
    lines.append(("a page of 100 executions", counting.take()))
    await house.queries.round_trips(USER, None, Window())
    lines.append(("a page of round trips", counting.take()))
    await house.queries.summary(USER)
    lines.append(("the summary of a month", counting.take()))
    text = "\n".join(
        f"  {name:<52} {reads:>6} reads {writes:>6} writes {deletes:>5} deletes"
        for name, (reads, writes, deletes) in lines
    )
    print("\n" + text)  # noqa: T201 - the benchmark's result
