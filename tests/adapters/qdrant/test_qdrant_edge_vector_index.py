import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.adapters.qdrant.qdrant_edge_vector_index import QdrantEdgeVectorIndex
from shared.domain.errors import StoreUnavailable
from shared.ports import VectorFilter, VectorPoint, VectorQuery
from tests.contract.vector_index import EAST, NEWS, VectorIndexContract, point, uuid

ROOT = Path(__file__).parents[3]
WRITER = """
import asyncio, sys, time
from pathlib import Path
from uuid import UUID
from shared.adapters.qdrant.qdrant_edge_vector_index import QdrantEdgeVectorIndex
from shared.ports import VectorPoint

async def main():
    index = QdrantEdgeVectorIndex(Path(sys.argv[1]))
    await index.ensure("news", 4)
    for n in range(50):
        await index.upsert("news", [VectorPoint(str(UUID(int=n)), [1.0, 0, 0, 0], {}, {})])
    print("written", flush=True)
    time.sleep(60)

asyncio.run(main())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vectors"


class TestQdrantEdgeVectorIndex(VectorIndexContract):
    @pytest.fixture
    async def empty(self, folder: Path) -> AsyncIterator[QdrantEdgeVectorIndex]:
        index = QdrantEdgeVectorIndex(folder)
        yield index
        await index.close()


async def test_points_and_aliases_outlive_the_process(folder: Path) -> None:
    first = QdrantEdgeVectorIndex(folder)
    await first.ensure(NEWS, 4)
    await first.upsert(NEWS, [point(1)])
    await first.point_alias("news", NEWS)
    await first.close()
    second = QdrantEdgeVectorIndex(folder)
    assert [hit.id for hit in await second.search("news", VectorQuery(EAST, None))] == [uuid(1)]
    await second.close()


async def test_what_was_written_survives_a_kill(folder: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        os.kill(writer.pid, signal.SIGKILL)
    index = QdrantEdgeVectorIndex(folder)
    assert await index.count("news") == 50
    await index.close()


async def test_the_log_is_forced_to_disk_before_a_change_returns(folder: Path) -> None:
    """The engine answers before that: a loss of power would take what a cursor has passed."""
    forced = list[int]()
    index = QdrantEdgeVectorIndex(folder, lambda opened: forced.append(os.fstat(opened).st_ino))
    await index.ensure(NEWS, 4)
    log = folder / "collections" / NEWS / "shard" / "wal"
    await index.upsert(NEWS, [point(1, n=1), point(2, n=2)])
    kept = {path.stat().st_ino for path in (log, *log.iterdir())}
    assert set(forced) == kept
    forced.clear()
    await index.search(NEWS, VectorQuery(EAST, None))
    assert forced == []
    await index.delete(NEWS, VectorFilter(at_most={"n": 1}))
    assert set(forced) == kept
    await index.close()


async def test_a_log_that_was_written_out_is_let_go(folder: Path) -> None:
    index = QdrantEdgeVectorIndex(folder, lambda _: None)
    await index.ensure(NEWS, 4)
    long = VectorPoint(uuid(1), EAST, {}, {"text": "x" * (8 << 20)})
    for _ in range(16):  # four files of the log
        await index.upsert(NEWS, [long])
    log = folder / "collections" / NEWS / "shard" / "wal"
    assert len([path for path in log.iterdir() if path.name.startswith("closed-")]) == 1
    await index.close()


async def test_a_second_process_is_told_who_holds_the_folder(folder: Path) -> None:
    holder, other = QdrantEdgeVectorIndex(folder), QdrantEdgeVectorIndex(folder)
    await holder.ensure(NEWS, 4)
    with pytest.raises(StoreUnavailable, match=r"one process at a time.*make serve"):
        await other.count(NEWS)
    await holder.close()
    assert await other.count(NEWS) == 0
    await other.close()


async def test_a_collection_that_was_half_made_is_made_again(folder: Path) -> None:
    (folder / "collections" / f".making-{NEWS}" / "shard").mkdir(parents=True)
    index = QdrantEdgeVectorIndex(folder)
    await index.ensure(NEWS, 4)
    assert await index.count(NEWS) == 0
    await index.close()


async def test_a_name_never_leaves_the_folder(folder: Path) -> None:
    index = QdrantEdgeVectorIndex(folder)
    with pytest.raises(ValueError, match="cannot be the name"):
        await index.ensure("../outside", 4)
    await index.close()


async def test_the_folder_is_its_owners_alone(folder: Path) -> None:
    index = QdrantEdgeVectorIndex(folder)
    await index.ensure(NEWS, 4)
    await index.upsert(NEWS, [VectorPoint(uuid(1), EAST, {}, {})])
    await index.close()
    assert (folder / "collections").stat().st_mode & 0o077 == 0
