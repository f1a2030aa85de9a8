import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.adapters.qdrant.qdrant_edge_vector_index import QdrantEdgeVectorIndex
from shared.cli.main import app
from shared.domain.passage import PassageKind
from shared.retrieval.shelves import Shelves, collection_of
from tests.passages import passage
from tests.twins.hashing_embedder import HashingEmbedder

OLD = HashingEmbedder("words-1", 8)
OLD_NAME = collection_of(PassageKind.NEWS, OLD)
NEW_NAME = "news.minilm-l6-v2-int8.384.words-1"


@pytest.fixture
def state(monkeypatch, tmp_path) -> Path:
    """A state folder with passages of another model."""
    monkeypatch.setenv("DAYBIAS_STATE_DIR", str(tmp_path))
    asyncio.run(_fill(tmp_path / "retrieval"))
    return tmp_path


async def _fill(folder: Path) -> None:
    index = QdrantEdgeVectorIndex(folder)
    shelves = Shelves(index, OLD)
    await shelves.open()
    await shelves.put([passage(n, f"story {n}") for n in range(1, 4)])
    await index.close()


async def _looked_at(state: Path) -> tuple[str | None, int]:
    index = QdrantEdgeVectorIndex(state / "retrieval")
    found = await index.resolve("news"), await index.count(NEW_NAME)
    await index.close()
    return found


def test_every_passage_is_embedded_anew_and_the_alias_moves(state):
    result = CliRunner().invoke(app, ["retrieval", "reindex"])
    assert result.exit_code == 0, result.output
    assert OLD_NAME in result.stdout
    assert asyncio.run(_looked_at(state)) == (NEW_NAME, 3)


def test_a_server_without_a_key_to_embed_with_is_told(state, monkeypatch):
    monkeypatch.setenv("DAYBIAS_QDRANT_URL", "https://qdrant.example:6333")
    result = CliRunner().invoke(app, ["retrieval", "reindex"])
    assert result.exit_code == 1
    assert "no Gemini key" in " ".join(result.stderr.split())
