"""Any store of the simulation, also one with work under way, survives its archive to the byte."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.folder_archive import FolderArchive
from shared.domain.ids import account_key
from shared.journal.archive.backup import Backup
from shared.journal.archive.restore import Restore
from shared.journal.integrity.integrity import Integrity
from shared.ports import Create, Documents, Key
from tests.rows import USER
from tests.simulation.journal_simulation import Simulation
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.seeded_entropy import SeededEntropy

STORES = settings(max_examples=12, deadline=None)


@given(seed=st.integers(0, 10**6), settled=st.booleans())
@STORES
async def test_any_store_comes_back_whole_and_to_the_byte(seed: int, settled: bool) -> None:
    lived = await _lived(seed, settled=settled)
    restored, ports = MemoryDocuments(), (ManualClock(), SeededEntropy())
    with tempfile.TemporaryDirectory() as folder:
        archive = FolderArchive(Path(folder, "first"))
        before = await _backed_up(lived, Path(folder, "first"))
        await Restore(restored, *ports).read(USER, archive)
        faults = [fault async for fault in Integrity(restored, *ports).faults(USER)]
        again = await _backed_up(restored, Path(folder, "again"))
    assert faults == []
    assert again == before


async def _lived(seed: int, *, settled: bool) -> Documents:
    """Let a store live through its seed, or only until the messages that came late."""
    simulation = Simulation(seed)
    for story in simulation.stories:
        key = account_key("alpaca", "paper", story.account)
        body = {
            "broker": "alpaca",
            "environment": "paper",
            "account_id": story.account,
            "connection_ids": [],
            "cursor_us": None,
        }
        await simulation.truth.commit([Create(Key("accounts", (USER, key)), body)])
    if settled:
        assert await simulation.run() == []
    else:
        await simulation.begin()
    return simulation.truth


async def _backed_up(documents: Documents, folder: Path) -> Mapping[str, bytes]:
    manifest = await Backup(documents, ManualClock()).write(USER, FolderArchive(folder))
    assert manifest.parts["executions"].documents
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
