import asyncio
import json
import multiprocessing
import re
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.adapters.sqlite.sqlite_documents import SqliteDocuments, scan_statement
from shared.domain.collections import COLLECTIONS
from shared.domain.collections.model import Index
from shared.domain.errors import AlreadyExists, ConfigError
from shared.ports import Create, Key, Query
from tests.contract.documents import (
    BY_ROOT,
    PLAIN,
    DocumentsContract,
    execution,
    position,
    read,
    walk,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "documents.sqlite"


class TestSqliteDocuments(DocumentsContract):
    @pytest.fixture
    async def documents(self, path: Path) -> AsyncIterator[SqliteDocuments]:
        opened = SqliteDocuments(path)
        yield opened
        await opened.close()


async def test_documents_survive_a_new_process_of_the_same_file(path: Path) -> None:
    first = SqliteDocuments(path)
    await first.commit([Create(PLAIN, {"n": 1})])
    await first.close()
    second = SqliteDocuments(path)
    assert (await read(second, PLAIN)).body == {"n": 1}
    await second.close()


async def test_two_openers_of_one_file_see_each_others_writes(path: Path) -> None:
    one, other = SqliteDocuments(path), SqliteDocuments(path)
    await one.commit([Create(PLAIN, {"n": 1})])
    with pytest.raises(AlreadyExists):
        await other.commit([Create(PLAIN, {"n": 2})])
    await one.close()
    await other.close()


def _import_all(path: Path, first: int) -> None:
    async def run() -> None:
        documents = SqliteDocuments(path)
        for n in range(first, first + 100):
            await documents.commit([execution("u-1", f"{n:04d}", n)])
        await documents.close()

    asyncio.run(run())


async def test_four_processes_write_one_file_at_once(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_import_all, args=(path, n * 100)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    documents = SqliteDocuments(path)
    pages = await walk(documents, Query("executions", ("u-1",), {}, "at_us", limit=1000))
    await documents.close()
    assert len(pages[0]) == 400


async def test_a_file_that_is_no_database_is_a_configuration_error(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("This is not a database." * 100)
    with pytest.raises(ConfigError, match=re.escape(str(path))):
        await SqliteDocuments(path).get_many([PLAIN])


async def test_a_folder_that_cannot_be_made_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError):
        await SqliteDocuments(tmp_path / "file" / "documents.sqlite").get_many([PLAIN])


async def test_a_file_of_an_earlier_form_gains_its_new_columns(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE positions (_parent TEXT NOT NULL, _id TEXT NOT NULL, "
            "_version INTEGER NOT NULL, _body TEXT NOT NULL, PRIMARY KEY (_parent, _id))"
        )
        bodies = [{"account_key": "a-1", "root": root} for root in ("SPY", None, "QQQ")]
        connection.executemany(
            "INSERT INTO positions VALUES ('u-1', ?, 1, ?)",
            [(f"p{n}", json.dumps(body)) for n, body in enumerate(bodies)],
        )
    connection.close()
    documents = SqliteDocuments(path)
    found = await walk(documents, BY_ROOT)
    await documents.close()
    assert found == [["p1", "p2", "p0"]]


_DECLARED = [
    (collection.name, index) for collection in COLLECTIONS.values() for index in collection.indexes
]


@pytest.fixture
async def schema(path: Path) -> AsyncIterator[sqlite3.Connection]:
    documents = SqliteDocuments(path)
    await documents.get_many([PLAIN])
    await documents.close()
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def _plan(connection: sqlite3.Connection, query: Query) -> str:
    sql, parameters = scan_statement(query)
    rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
    return "; ".join(row[3] for row in rows)


def _query(name: str, index: Index) -> Query:
    depth = COLLECTIONS[name].depth
    return Query(
        name,
        None if index.group else ("u",) * (depth - 1),
        dict.fromkeys(index.equal, "x"),
        index.order_by,
    )


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize(("name", "index"), _DECLARED, ids=str)
async def test_every_declared_scan_seeks_in_an_index_and_sorts_nothing(
    schema: sqlite3.Connection, name: str, index: Index, descending: bool
) -> None:
    plan = _plan(schema, replace(_query(name, index), descending=descending))
    verb = "SCAN" if index.group and not index.equal else "SEARCH"  # all there is, in order
    assert re.match(rf"{verb} \w+ USING INDEX", plan)
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(("name", "index"), _DECLARED, ids=str)
async def test_a_later_page_seeks_to_its_place(
    schema: sqlite3.Connection, path: Path, name: str, index: Index
) -> None:
    query = _query(name, index)
    documents = SqliteDocuments(path)
    parents = ("u",) * (COLLECTIONS[name].depth - 1)
    fields = {f: "x" for i in COLLECTIONS[name].indexes for f in (*i.equal, i.order_by) if f}
    await documents.commit([Create(Key(name, (*parents, own)), fields) for own in "ab"])
    page = await documents.scan(replace(query, limit=1))
    await documents.close()
    plan = _plan(schema, replace(query, cursor=page.cursor))
    assert ">" in plan, plan


async def test_a_written_document_is_on_the_disk_of_another_reader(path: Path) -> None:
    documents = SqliteDocuments(path)
    await documents.commit([position("u-1", "a")])
    with sqlite3.connect(path) as reader:
        assert reader.execute("SELECT _parent, _id, root FROM positions").fetchall() == [
            ("u-1", "a", "SPY")
        ]
    reader.close()
    await documents.close()
