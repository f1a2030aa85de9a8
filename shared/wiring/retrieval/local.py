"""Retrieval on a person's own machine: the engine over a folder, and the bundled model.

No function imports this module: what it needs is too large for a zip (infra/reach.py holds it).
"""

from pathlib import Path

from shared.adapters.minilm.minilm_embedder import MiniLmEmbedder
from shared.adapters.qdrant.qdrant_edge_vector_index import QdrantEdgeVectorIndex
from shared.adapters.system_clock import SystemClock
from shared.config import RetrievalSettings
from shared.domain.errors import ConfigError
from shared.retrieval.evaluation.run import Evaluation, Told
from shared.retrieval.search import SearchConfig
from shared.wiring.foundation import Foundation
from shared.wiring.models.guards import Guards
from shared.wiring.retrieval.opening import Retrieval
from shared.wiring.retrieval.server import open_server


def open_local_retrieval(folder: Path, config: SearchConfig) -> Retrieval:
    """Keep passages in a folder; it is taken, and the model loaded, at their first use."""
    return Retrieval(QdrantEdgeVectorIndex(folder), MiniLmEmbedder(), config)


async def open_here(settings: RetrievalSettings, base: Foundation, guards: Guards) -> Retrieval:
    """Use the server where one is configured, else the engine in the state folder.

    Raises: ConfigError for a server without a key to embed with, StoreUnavailable.
    """
    if not settings.qdrant_url:
        folder = settings.state_dir / "retrieval"
        return open_local_retrieval(folder, SearchConfig(rrf_k=settings.rrf_k))
    opened = await open_server(settings, base, guards)
    if opened is None:
        raise ConfigError(["DAYBIAS_QDRANT_URL is set, but there is no Gemini key to embed with"])
    return opened


def evaluation_of(opened: Retrieval, told: Told) -> Evaluation:
    """Measure what was opened, over an empty folder; `told` hears of every step."""
    return Evaluation(opened.index, opened.embedder, SystemClock(), opened.config, told)
