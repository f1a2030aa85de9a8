"""A journal from SQLite to Firestore and back, to the byte."""

from pathlib import Path

import pytest

from shared.adapters.firestore_documents import FirestoreDocuments
from shared.adapters.folder_archive import FolderArchive
from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.journal.archive.backup import Backup
from shared.journal.archive.restore import Restore
from shared.ports import Documents
from tests.house import USER, House

pytestmark = pytest.mark.emulator


async def back_up(documents: Documents, folder: Path) -> dict[str, bytes]:
    await Backup(documents, House(documents).clock).write(USER, FolderArchive(folder))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def restore(documents: Documents, folder: Path) -> None:
    house = House(documents)
    await Restore(documents, house.clock, house.entropy).read(USER, FolderArchive(folder))


async def test_a_journal_goes_to_firestore_and_back(
    firestore: FirestoreDocuments, tmp_path: Path
) -> None:
    sqlite = SqliteDocuments(tmp_path / "one.sqlite3")
    house = House(sqlite)
    await house.open_accounts()
    house.trade()
    await house.tick()
    await house.reconcile.sweep(USER)
    first = await back_up(sqlite, tmp_path / "first")
    await restore(firestore, tmp_path / "first")
    second = await back_up(firestore, tmp_path / "second")
    other = SqliteDocuments(tmp_path / "two.sqlite3")
    await restore(other, tmp_path / "second")
    third = await back_up(other, tmp_path / "third")
    assert await House(other).states() == await House(firestore).states()
    for opened in (sqlite, other):
        await opened.close()
    assert first == second == third
