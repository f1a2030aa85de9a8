"""Build the journal of one root in a process of its own, so that its time and memory are its own.

Usage: journal_builder.py FILE ROWS seed | build | one-more | read
"""

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.domain.execution import Execution
from shared.domain.messages import JournalChanged
from shared.journal.build import BuildJournal
from shared.journal.queries import JournalQueries, Window
from shared.journal.storing.log import merge, sightings
from shared.ports import Create, Document, Documents, Key, Page, Query, Write
from tests.rows import ACCOUNT, START, USER, fill, page
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

PAGE = 200


class Counting:
    """Passes everything on and counts documents, as Firestore bills them."""

    def __init__(self, inner: Documents) -> None:
        self.inner = inner
        self.counts: Counter[str] = Counter()

    async def get_many(self, keys: Sequence[Key]) -> list[Document | None]:
        self.counts["reads"] += len(keys)
        return await self.inner.get_many(keys)

    async def scan(self, query: Query) -> Page:
        found = await self.inner.scan(query)
        self.counts["reads"] += max(1, len(found.documents))  # an empty answer is billed as one
        return found

    async def commit(self, writes: Sequence[Write]) -> None:
        self.counts["writes"] += len(writes)
        self.counts["commits"] += 1
        await self.inner.commit(writes)

    async def close(self) -> None:
        await self.inner.close()


def fills(rows: int, *, first: int = 0) -> Iterator[Execution]:
    """A trader's years: a fill every five minutes, from flat to flat in a handful of them."""
    chance, held, price = random.Random(7), 0, 300.0
    for number in range(first, first + rows):
        size = -held if held and chance.random() < 0.4 else chance.choice([-3, -2, -1, 1, 2, 3])
        held += size
        price = max(1.0, price + chance.gauss(0, 0.2))
        yield fill(f"f{number:07d}", str(size), f"{price:.2f}", minute=number * 5.0, fee="0.35")


async def store(documents: Documents, rows: Iterator[Execution], run: int) -> None:
    """Write the log as `store_executions` would, for the first time, without its receipts."""
    number, batch = 0, []
    for row in rows:
        batch.append(row)
        if len(batch) == PAGE:
            await _store_page(documents, batch, run, number)
            number, batch = number + 1, []
    if batch:
        await _store_page(documents, batch, run, number)


async def _store_page(documents: Documents, rows: list[Execution], run: int, number: int) -> None:
    seen = sightings(page(rows, run=run, number=number))
    heads = [(one.key, merge(None, one, unsettled_run=run).head) for one in seen]
    await documents.commit([Create(Key("executions", (USER, key)), head) for key, head in heads])


def changed(minute: float) -> JournalChanged:
    at = START + timedelta(minutes=minute)
    return JournalChanged(user_id=USER, account_key=ACCOUNT, roots=("SPY",), changed_from=at)


async def read(documents: Counting) -> dict[str, Any]:
    """Count what a page of trips, the positions and a year's summary cost."""
    queries, costs = JournalQueries(documents), {}
    for name, ask in (
        ("trips", lambda: queries.round_trips(USER, ACCOUNT, Window(limit=50))),
        ("log", lambda: queries.executions(USER, ACCOUNT, Window(limit=50))),
        ("positions", lambda: queries.positions(USER, ACCOUNT)),
    ):
        documents.counts.clear()
        began = time.perf_counter()
        await ask()
        costs[name] = documents.counts["reads"]
        costs[f"{name}_ms"] = round((time.perf_counter() - began) * 1000, 1)
    return costs


async def main(file: Path, rows: int, task: str) -> None:
    documents = Counting(SqliteDocuments(file))
    builder = BuildJournal(documents, ManualClock(), SeededEntropy())
    if task == "one-more":
        await store(documents, iter([fill("more", "1", "300", minute=rows * 5.0)]), run=2)
    documents.counts.clear()
    began = time.perf_counter()
    more: dict[str, Any] = {}
    if task == "seed":
        await store(documents, fills(rows), run=1)
    elif task == "read":
        more = await read(documents)
    else:
        await builder.build(changed(rows * 5.0 if task == "one-more" else 0))
    seconds = time.perf_counter() - began
    await documents.close()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak_mb = int(status.partition("VmHWM:")[2].split()[0]) / 1024  # ru_maxrss has the parent's
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb, **documents.counts, **more}))


asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
