"""An ingestion over files that may be killed right after a batch was written.

As a program: FOLDER and after how many batches of passages its process kills itself.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.adapters.qdrant.qdrant_edge_vector_index import QdrantEdgeVectorIndex
from shared.adapters.sqlite.sqlite_documents import SqliteDocuments
from shared.bias.evidence.feeds import Articles
from shared.bias.evidence.ingestion import Ingestion
from shared.bias.evidence.progress import Progress
from shared.market.news import NewsStore
from shared.ports import VectorPoint
from shared.retrieval.shelves import Shelves
from tests.twins.hashing_embedder import HashingEmbedder
from tests.twins.manual_clock import ManualClock
from tests.twins.seeded_entropy import SeededEntropy

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOURCE = "alpaca-news"
NEVER = 0


class Deadly(QdrantEdgeVectorIndex):
    """Ends its process, without a word, once so many batches are written."""

    def __init__(self, folder: Path, batches: int) -> None:
        super().__init__(folder)
        self._left = batches

    async def upsert(self, collection: str, points: Sequence[VectorPoint]) -> None:
        await super().upsert(collection, points)
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Room:
    """What lies in a folder, opened."""

    news: NewsStore
    ingestion: Ingestion
    shelves: Shelves
    embedder: HashingEmbedder


@asynccontextmanager
async def room(folder: Path, batches: int = NEVER) -> AsyncIterator[Room]:
    clock = ManualClock(NOON)
    documents = SqliteDocuments(folder / "documents.sqlite3")
    ports = documents, clock, SeededEntropy(1)
    embedder, news = HashingEmbedder(), NewsStore(*ports)
    shelves = Shelves(Deadly(folder / "vectors", batches), embedder)
    progress = Progress(*ports, index="test")
    keep = timedelta(days=400)
    yield Room(
        news,
        Ingestion(shelves, [Articles(news, SOURCE)], progress, clock, keep=keep),
        shelves,
        embedder,
    )
    await shelves.index.close()
    await documents.close()


async def _main(folder: Path, batches: int) -> None:
    async with room(folder, batches) as opened:
        await opened.ingestion.make_ready()
        await opened.ingestion.take_in()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
