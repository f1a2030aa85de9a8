"""Storing 10,000 executions, and the same again, against the bare database's batched insert of the
rows that were stored, in the same run. Floors stand beside the tests; ratios are for reading.
"""

import json
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import pytest
from google.cloud.firestore import AsyncClient

from shared.adapters.document_rules import index_fields
from shared.adapters.firestore_documents import BODY, FirestoreDocuments
from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.adapters.sqlite.sqlite_schema import create_schema
from shared.domain.messages import ExecutionsObserved
from shared.journal.store import StoreExecutions
from shared.ports import Create, Document, Documents, Key
from tests.rows import fill, page
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

T = TypeVar("T")
ROWS, PAGE, BATCH = 10_000, 200, 450

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(300)]


def pages(run: int) -> list[ExecutionsObserved]:
    fills = [fill(f"f{n:05d}", "1.5", "300.25", minute=n / 10, fee="0.01") for n in range(ROWS)]
    return [page(part, run=run, number=n) for n, part in enumerate(parts(fills, PAGE))]


def parts(items: list[T], size: int) -> list[list[T]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


async def stored() -> list[Document]:
    """The rows as the use case stores them."""
    twin = MemoryDocuments()
    await store_all(twin, pages(1))
    keys = [Key("executions", (m.user_id, row.key)) for m in pages(1) for row in m.rows]
    return [document for document in await twin.get_many(keys) if document is not None]


async def store_all(documents: Documents, messages: list[ExecutionsObserved]) -> int:
    store = StoreExecutions(documents, MemoryBus(), ManualClock(), SeededEntropy())
    receipts = [await store.store(message) for message in messages]
    return sum(receipt.new for receipt in receipts)


async def per_second(work: Callable[[], Awaitable[object]]) -> float:
    started = perf_counter()
    await work()
    return ROWS / (perf_counter() - started)


def show(title: str, rows: list[tuple[str, float, float]]) -> None:
    bare_new, bare_again = rows[0][1:]
    lines = [title, f"  {'':38}{'new/s':>10}{'of bare':>9}{'again/s':>10}{'of bare':>9}"]
    lines += [
        f"  {name:38}{new:>10,.0f}{new / bare_new:>9.0%}{again:>10,.0f}{again / bare_again:>9.0%}"
        for name, new, again in rows
    ]
    print("\n" + "\n".join(lines))  # noqa: T201  # a benchmark shows what it measured


async def through_documents(documents: Documents, rows: list[Document]) -> tuple[float, float]:
    """Creates in batches; again: what every replay does first, a read of the same keys."""

    async def import_all() -> None:
        for part in parts(rows, BATCH):
            await documents.commit([Create(row.key, row.body) for row in part])

    async def look_up() -> None:
        for part in parts(rows, BATCH):
            assert None not in await documents.get_many([row.key for row in part])

    return await per_second(import_all), await per_second(look_up)


async def through_use_case(documents: Documents) -> tuple[float, float]:
    first, again = pages(1), pages(2)
    counts: list[int] = []

    async def store(messages: list[ExecutionsObserved]) -> None:
        counts.append(await store_all(documents, messages))

    rates = await per_second(lambda: store(first)), await per_second(lambda: store(again))
    assert counts == [ROWS, 0]
    return rates


# -------------------------------------------------------------------------- SQLite


def bare_sqlite(path: Path, rows: list[Document]) -> tuple[float, float]:
    """The same table with the same indexes, executemany in the same batches."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    create_schema(connection)
    fields = index_fields("executions")
    names = ", ".join(["_version", "_parent", "_id", "_body", *fields])
    sql = (
        f"INSERT INTO executions ({names}) VALUES (1, ?, ?, ?{', ?' * len(fields)}) "
        "ON CONFLICT DO NOTHING"
    )
    values = [
        (row.key.path[0], row.key.id, json.dumps(row.body), *(row.body[f] for f in fields))
        for row in rows
    ]
    rates = []
    for _ in range(2):
        started = perf_counter()
        for part in parts(values, BATCH):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(sql, part)
            connection.execute("COMMIT")
        rates.append(ROWS / (perf_counter() - started))
    connection.close()
    return rates[0], rates[1]


async def test_the_embedded_store_keeps_its_floors(tmp_path: Path) -> None:
    rows = await stored()
    bare = bare_sqlite(tmp_path / "bare.sqlite", rows)
    one, other = SqliteDocuments(tmp_path / "one.sqlite"), SqliteDocuments(tmp_path / "two.sqlite")
    await one.get_many([])
    await other.get_many([])
    documents = await through_documents(one, rows)
    use_case = await through_use_case(other)
    await one.close()
    await other.close()
    show(
        f"SQLite: {ROWS:,} executions",
        [
            ("bare executemany, 450 a transaction", *bare),
            ("SqliteDocuments, 450 a batch", *documents),
            ("StoreExecutions, 200 a page", *use_case),
        ],
    )
    assert documents[0] >= 6_000
    assert documents[1] >= 20_000


# ----------------------------------------------------------------------- Firestore


async def bare_firestore(project: str, rows: list[Document]) -> tuple[float, float]:
    """The same fields in the same batches; again: the same documents, read."""
    client = AsyncClient(project=project)
    fields = index_fields("executions")

    def content(row: Document) -> dict[str, Any]:
        return {BODY: json.dumps(row.body), **{field: row.body[field] for field in fields}}

    def reference(row: Document) -> Any:
        return client.document("users", row.key.path[0], "executions", row.key.id)

    async def import_all() -> None:
        for part in parts(rows, BATCH):
            batch = client.batch()
            for row in part:
                batch.create(reference(row), content(row))
            await batch.commit()

    async def look_up() -> None:
        for part in parts(rows, BATCH):
            found = [s async for s in client.get_all([reference(row) for row in part])]
            assert all(snapshot.exists for snapshot in found)

    rates = await per_second(import_all), await per_second(look_up)
    await client._firestore_api.transport.close()
    return rates


async def test_the_firestore_emulator_keeps_its_floors(
    firestore: FirestoreDocuments, emulator_project: str
) -> None:
    rows = await stored()
    await bare_firestore(f"{emulator_project}-warm", rows)  # the JVM's first 10,000 take twice
    bare = await bare_firestore(f"{emulator_project}-bare", rows)
    documents = await through_documents(firestore, rows)
    other = FirestoreDocuments(f"{emulator_project}-case")
    use_case = await through_use_case(other)
    await other.close()
    show(
        f"Firestore emulator: {ROWS:,} executions",
        [
            ("bare batched create, 450 a commit", *bare),
            ("FirestoreDocuments, 450 a batch", *documents),
            ("StoreExecutions, 200 a page", *use_case),
        ],
    )
    assert use_case[0] >= 600
    assert use_case[1] >= 1_000
