import sqlite3
from pathlib import Path

import pytest

from shared.adapters.sqlite.sqlite_connection import SqliteConnection


def synchronous(connection: sqlite3.Connection) -> int:
    (mode,) = connection.execute("PRAGMA synchronous").fetchone()
    return int(mode)


@pytest.mark.parametrize("order", [(True, False, True), (False, True, False)], ids=str)
async def test_durable_writes_alone_wait_for_the_disk(
    tmp_path: Path, order: tuple[bool, ...]
) -> None:
    connection = SqliteConnection(tmp_path / "x.sqlite", lambda _: None)
    modes = [await connection.write(synchronous, durable=durable) for durable in order]
    await connection.close()
    assert modes == [2 if durable else 1 for durable in order]  # FULL, NORMAL
