"""Retrieval for a deployment: a Qdrant server, and Gemini's embeddings."""

import logging

from starlette.applications import Starlette
from starlette.types import Lifespan

from shared.config import RetrievalSettings
from shared.ports import BilledEmbedder
from shared.retrieval.search import SearchConfig
from shared.wiring.foundation import Foundation, and_close
from shared.wiring.models.guards import Guards
from shared.wiring.models.keys import read_key
from shared.wiring.retrieval.opening import Retrieval

_log = logging.getLogger(__name__)


async def open_server(
    settings: RetrievalSettings, base: Foundation, guards: Guards
) -> Retrieval | None:
    """Make the clients of a server; nothing is dialled yet.

    None without a server, or without a key to embed with, which is logged: a bias is then written
    without passages, and says so.
    Raises: StoreUnavailable.
    """
    if not settings.qdrant_url:
        return None
    embedder = await open_gemini_embedder(settings, base)
    if embedder is None:
        _log.warning("retrieval.off", extra={"reason": "no Gemini key to embed with"})
        return None
    from shared.adapters.qdrant.qdrant_vector_index import QdrantVectorIndex

    key = await read_key(settings.qdrant_api_key, settings.qdrant_secret, base)
    index = QdrantVectorIndex(settings.qdrant_url, key)
    guarded = guards.around_gemini_embeddings(embedder)
    return Retrieval(index, guarded, SearchConfig(rrf_k=settings.rrf_k))


async def handed_in_or_server(
    given: Retrieval | None,
    settings: RetrievalSettings,
    base: Foundation,
    guards: Guards,
    lifespan: Lifespan[Starlette] | None,
) -> tuple[Retrieval | None, Lifespan[Starlette] | None]:
    """Use what was handed in, or the server of the settings, which the lifespan then closes.

    Raises: StoreUnavailable.
    """
    opened = None if given is not None else await open_server(settings, base, guards)
    return given or opened, lifespan if opened is None else and_close(lifespan, opened.close)


async def open_gemini_embedder(
    settings: RetrievalSettings, base: Foundation
) -> BilledEmbedder | None:
    """Make Gemini's embedder; None without a key.

    Raises: StoreUnavailable.
    """
    key = await read_key(settings.gemini_api_key, settings.gemini_secret, base)
    if key is None:
        return None
    from shared.adapters.models.gemini_embedder import GeminiEmbedder

    model, dimension = settings.embedding_model, settings.embedding_dimension
    return GeminiEmbedder(model, dimension, key, base_url=settings.gemini_base_url)
