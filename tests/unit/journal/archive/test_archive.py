"""A journal backed up, destroyed and restored, into the same kind of store or into another."""

import asyncio
import copy
import hashlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.folder_archive import FolderArchive
from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.domain.collections import OWNED
from shared.domain.collections.model import Backup as Kept
from shared.domain.errors import InvalidInput
from shared.domain.execution import RowStatus
from shared.domain.ids import UserId, canonical_json
from shared.journal.archive.archive import Manifest
from shared.journal.archive.backup import Backup
from shared.journal.archive.contents import PARTS
from shared.journal.archive.restore import Restore
from shared.journal.upkeep.rebuild import Rebuild
from shared.journal.upkeep.user_erasure import owned_documents, remove_owned
from shared.ports import Create, Documents, Key, Update
from tests.house import USER, House
from tests.rows import fill, page
from tests.twins.memory_documents import MemoryDocuments

SECRETS = (b"K0", b"s0", b"t2", b"sealed")


@pytest.fixture(scope="module")
def whole() -> MemoryDocuments:
    """A month of three accounts, and a row that was revised."""
    return asyncio.run(_trade_a_month())


@pytest.fixture
def documents(whole: MemoryDocuments) -> MemoryDocuments:
    return copy.deepcopy(whole)


async def _trade_a_month() -> MemoryDocuments:
    found = MemoryDocuments()
    house = House(found)
    await house.open_accounts()
    house.trade()
    await house.tick()
    await house.store.store(page([fill("f1", "5", "10")], run=900, user=USER))
    busted = fill("f1", "5", "10", status=RowStatus.BUSTED)
    await house.store.store(page([busted], run=901, user=USER))
    house.clock.advance(timedelta(minutes=15))
    await house.tick()
    await house.reconcile.sweep(USER)
    return found


@pytest.fixture
async def archive(documents: MemoryDocuments, tmp_path: Path) -> FolderArchive:
    made = FolderArchive(tmp_path / "archive")
    await Backup(documents, House(documents).clock).write(USER, made)
    return made


async def restore(into: Documents, archive: FolderArchive, *, replace: bool = False) -> Manifest:
    house = House(into)
    use_case = Restore(into, house.clock, house.entropy)
    return await use_case.read(USER, archive, replace=replace)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


async def bodies(documents: Documents) -> dict[Key, Any]:
    keys = [key async for key in owned_documents(documents, USER)]
    return {
        d.key: dict(d.body)
        for i in range(0, len(keys), 300)
        for d in await documents.get_many(keys[i : i + 300])
        if d is not None
    }


def line_of(archive: FolderArchive, part: str) -> Iterator[Any]:
    return (json.loads(line) for line in archive.read(part))


async def test_every_collection_of_a_user_is_kept_or_rebuilt() -> None:
    kept = {c.name for c in OWNED if c.backup is Kept.KEPT}
    assert kept | {"history"} == set(PARTS)


async def test_what_was_destroyed_comes_back_to_the_byte(
    documents: MemoryDocuments, archive: FolderArchive, tmp_path: Path
) -> None:
    empty = MemoryDocuments()
    await restore(empty, archive)
    again = FolderArchive(tmp_path / "again")
    await Backup(empty, House(empty).clock).write(USER, again)
    assert files(tmp_path / "again") == files(tmp_path / "archive")


async def test_projections_come_back_to_the_byte_from_the_log_alone(
    documents: MemoryDocuments, archive: FolderArchive
) -> None:
    empty = MemoryDocuments()
    await restore(empty, archive)
    rebuilt = [c.name for c in OWNED if c.backup is Kept.REBUILT and c.name != "build_marks"]
    before, after = await bodies(documents), await bodies(empty)
    shown = {key: body for key, body in before.items() if key.collection in rebuilt}
    assert shown
    assert {key: body for key, body in after.items() if key.collection in rebuilt} == shown


async def test_a_journal_moves_to_another_store_and_back(
    archive: FolderArchive, tmp_path: Path
) -> None:
    sqlite = SqliteDocuments(tmp_path / "documents.sqlite3")
    await restore(sqlite, archive)
    again = FolderArchive(tmp_path / "again")
    await Backup(sqlite, House(sqlite).clock).write(USER, again)
    await sqlite.close()
    assert files(tmp_path / "again") == files(tmp_path / "archive")


async def test_older_observations_of_a_row_are_in_the_archive(archive: FolderArchive) -> None:
    assert [line["body"]["body"]["status"] for line in line_of(archive, "history")] == ["booked"]


async def test_no_credential_is_in_an_archive(archive: FolderArchive) -> None:
    logins = b"".join(archive.read("connections"))
    assert logins
    assert not [secret for secret in SECRETS if b'"' + secret in logins]


async def test_a_restored_login_waits_for_its_user(archive: FolderArchive) -> None:
    empty = MemoryDocuments()
    await restore(empty, archive)
    found = [body for key, body in (await bodies(empty)).items() if key.collection == "connections"]
    assert [(one["health"]["state"], one["schedulable"]) for one in found] == [
        ("needs_reauth", False)
    ] * 3


async def test_only_their_owner_reads_an_archives_files(
    archive: FolderArchive, tmp_path: Path
) -> None:
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "archive").iterdir()} == {0o600}


async def test_a_store_that_is_not_empty_is_left_alone(
    documents: MemoryDocuments, archive: FolderArchive
) -> None:
    before = await bodies(documents)
    with pytest.raises(InvalidInput, match="not empty"):
        await restore(documents, archive)
    assert await bodies(documents) == before


async def test_a_replacement_removes_what_is_there_first(archive: FolderArchive) -> None:
    other = MemoryDocuments()
    stray = Key("reconciliations", (USER, "stray"))
    await other.commit([Create(stray, {})])
    await restore(other, archive, replace=True)
    assert await other.get_many([stray]) == [None]


async def test_a_run_number_is_never_handed_out_twice(
    documents: MemoryDocuments, archive: FolderArchive
) -> None:
    (counter, *_) = [key for key in await bodies(documents) if key.collection == "counters"]
    (found,) = await documents.get_many([counter])
    assert found is not None
    await documents.commit([Update(counter, {"last_run": 999}, found.version)])
    await restore(documents, archive, replace=True)
    assert (await bodies(documents))[counter] == {"last_run": 999}


Harm = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


def harmed(**changes: Any) -> Harm:
    return lambda lines: [{**lines[0], **changes}, *lines[1:]]


@pytest.mark.parametrize(
    ("part", "harm"),
    [
        ("executions", lambda lines: [lines[0], *lines]),
        ("executions", lambda lines: lines[::-1]),
        ("executions", lambda lines: [{**lines[0], "body": {}}, *lines[1:]]),
        ("accounts", harmed(key=["a/b"])),
        ("accounts", harmed(key=["\x00"])),
        ("accounts", harmed(key=["a", "b"])),
        ("accounts", harmed(key=[])),
        ("accounts", harmed(key=[1])),
        ("coverage", harmed(body={"account_key": {}, "year": 1})),
        ("connections", harmed(body={"created_us": 10**30})),
    ],
)
async def test_an_archive_whose_hashes_fit_and_whose_documents_do_not_writes_nothing(
    archive: FolderArchive, tmp_path: Path, part: str, harm: Harm
) -> None:
    lines = harm(list(line_of(archive, part)))
    await forge(archive, tmp_path / "archive", part, [canonical_json(x) for x in lines])
    empty = MemoryDocuments()
    with pytest.raises(InvalidInput, match=part):
        await restore(empty, archive)
    assert await bodies(empty) == {}


async def forge(archive: FolderArchive, folder: Path, part: str, lines: list[str]) -> None:
    """Write a part anew, and a manifest that fits it."""
    packed = [line.encode() + b"\n" for line in lines]

    async def written() -> AsyncIterator[bytes]:
        for line in packed:
            yield line

    manifest = json.loads((folder / "manifest.json").read_bytes())
    digest = hashlib.sha256(b"".join(packed)).hexdigest()
    manifest["parts"][part] = {"documents": len(packed), "sha256": digest}
    (folder / "manifest.json").unlink()
    await archive.write(part, written())
    await archive.write_manifest(json.dumps(manifest).encode())


async def test_a_line_that_is_nested_without_end_is_refused(
    archive: FolderArchive, tmp_path: Path
) -> None:
    await forge(archive, tmp_path / "archive", "runs", ["[" * 200_000])
    with pytest.raises(InvalidInput, match="runs"):
        await restore(MemoryDocuments(), archive)


async def test_an_archive_that_unpacks_to_more_than_it_states_is_not_unpacked(
    archive: FolderArchive, tmp_path: Path
) -> None:
    lines = [{"key": [f"{n:08d}"], "body": {}} for n in range(100_000)]
    await forge(
        archive, tmp_path / "archive", "reconciliations", [canonical_json(x) for x in lines]
    )
    manifest = tmp_path / "archive" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("100000", "1"))
    read = Counted(tmp_path / "archive")
    with pytest.raises(InvalidInput, match="reconciliations"):
        await restore(MemoryDocuments(), read)
    assert read.lines["reconciliations"] == 2


class Counted(FolderArchive):
    """Counts the lines that are asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lines = Counter[str]()

    def read(self, part: str) -> Iterator[bytes]:
        for line in super().read(part):
            self.lines[part] += 1
            yield line


async def test_an_archive_without_its_log_is_refused(
    archive: FolderArchive, tmp_path: Path
) -> None:
    file = tmp_path / "archive" / "manifest.json"
    manifest = json.loads(file.read_bytes())
    del manifest["parts"]["executions"]
    file.write_text(json.dumps(manifest))
    with pytest.raises(InvalidInput, match="has no executions"):
        await restore(MemoryDocuments(), archive)


async def test_a_manifest_without_end_is_not_read(archive: FolderArchive, tmp_path: Path) -> None:
    file = tmp_path / "archive" / "manifest.json"
    file.write_text(" " * 1_000_000 + file.read_text())
    with pytest.raises(InvalidInput, match="manifest"):
        await restore(MemoryDocuments(), archive)


async def test_an_erased_user_is_not_restored(archive: FolderArchive) -> None:
    other = MemoryDocuments()
    await other.commit([Create(Key("users", (USER,)), {"deleted_at": "2026-01-01T00:00:00Z"})])
    with pytest.raises(InvalidInput, match="erased"):
        await restore(other, archive)


@pytest.mark.parametrize("part", ["executions", "accounts"])
async def test_an_archive_that_was_changed_writes_nothing(
    archive: FolderArchive, tmp_path: Path, part: str
) -> None:
    async def fewer() -> AsyncIterator[bytes]:
        for line in list(archive.read(part))[1:]:
            yield line

    manifest = (tmp_path / "archive" / "manifest.json").read_bytes()
    (tmp_path / "archive" / "manifest.json").unlink()
    await archive.write(part, fewer())
    await archive.write_manifest(manifest)
    empty = MemoryDocuments()
    with pytest.raises(InvalidInput, match=part):
        await restore(empty, archive)
    assert await bodies(empty) == {}


@pytest.mark.parametrize("harm", ["cut", "missing", "noise"])
async def test_a_file_that_cannot_be_read_writes_nothing(
    archive: FolderArchive, tmp_path: Path, harm: str
) -> None:
    file = tmp_path / "archive" / "executions.jsonl.zst"
    whole = file.read_bytes()
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(whole[: len(whole) // 2] if harm == "cut" else b"noise")
    empty = MemoryDocuments()
    with pytest.raises(InvalidInput, match="executions"):
        await restore(empty, archive)
    assert await bodies(empty) == {}


@pytest.mark.parametrize("manifest", [b"{}", b"no", None])
async def test_a_folder_without_a_manifest_is_no_archive(
    tmp_path: Path, manifest: bytes | None
) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(InvalidInput):
        await restore(MemoryDocuments(), FolderArchive(tmp_path))


async def test_a_newer_format_is_refused(archive: FolderArchive, tmp_path: Path) -> None:
    file = tmp_path / "archive" / "manifest.json"
    file.write_text(file.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(InvalidInput, match="format 2"):
        await restore(MemoryDocuments(), archive)


async def test_an_archive_is_not_written_over_another(
    documents: MemoryDocuments, archive: FolderArchive
) -> None:
    with pytest.raises(InvalidInput, match="already"):
        await Backup(documents, House(documents).clock).write(USER, archive)


async def test_a_journal_may_become_another_users(archive: FolderArchive) -> None:
    other, house = MemoryDocuments(), House(MemoryDocuments())
    await Restore(other, house.clock, house.entropy).read(UserId("user-2"), archive)
    assert await bodies(other) == {}
    assert await remove_owned(other, UserId("user-2")) > 100


async def test_a_rebuild_gives_the_same_bytes_again(archive: FolderArchive) -> None:
    store = MemoryDocuments()
    await restore(store, archive)
    before = await bodies(store)
    house = House(store)
    report = await Rebuild(store, house.clock, house.entropy).rebuild(USER)
    assert report.rebuilt > 0
    assert await bodies(store) == before
