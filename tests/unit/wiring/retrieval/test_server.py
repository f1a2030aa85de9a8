import logging
from collections.abc import AsyncIterator

import pytest

from shared.adapters.qdrant.qdrant_vector_index import QdrantVectorIndex
from shared.analyst.guard.guarded_embedder import GuardedEmbedder
from shared.config import RetrievalSettings, load
from shared.domain.errors import ConfigError
from shared.wiring.foundation import Foundation
from shared.wiring.local import open_stack
from shared.wiring.models.guards import open_guards
from shared.wiring.retrieval.server import open_server

URL = "https://qdrant.example:6333"


@pytest.fixture
async def base(tmp_path) -> AsyncIterator[Foundation]:
    opened = open_stack(RetrievalSettings(state_dir=tmp_path)).foundation
    yield opened
    await opened.close()


async def test_without_a_server_there_is_no_retrieval(base):
    settings = RetrievalSettings(gemini_api_key="k")
    assert await open_server(settings, base, open_guards(settings, base)) is None


async def test_a_server_stands_beside_geminis_embeddings(base):
    await base.secrets.add("gemini-api-key", b"key\n")
    settings = RetrievalSettings(qdrant_url=URL, embedding_dimension=256, rrf_k=60)
    guards = open_guards(settings, base)
    opened = await open_server(settings, base, guards)
    assert opened is not None
    assert isinstance(opened.index, QdrantVectorIndex)
    assert isinstance(opened.embedder, GuardedEmbedder)
    assert (opened.embedder.model, opened.embedder.provider) == ("gemini-embedding-001", "gemini")
    assert (opened.embedder.dimension, opened.config.rrf_k) == (256, 60)
    await opened.close()


async def test_a_server_without_a_key_to_embed_with_is_told_and_not_used(base, caplog):
    caplog.set_level(logging.WARNING)
    settings = RetrievalSettings(qdrant_url=URL)
    assert await open_server(settings, base, open_guards(settings, base)) is None
    assert "retrieval.off" in caplog.messages


def test_the_cloud_speaks_to_no_server_in_the_clear(monkeypatch):
    for name, value in {"PROFILE": "cloud", "PROJECT": "p", "QDRANT_URL": "http://q:6333"}.items():
        monkeypatch.setenv(f"DAYBIAS_{name}", value)
    with pytest.raises(ConfigError, match="https"):
        load(RetrievalSettings)
