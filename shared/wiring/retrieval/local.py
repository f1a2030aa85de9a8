"""Retrieval on a person's own machine: the engine over a folder, and the bundled model.

No function imports this module: what it needs is too large for a zip (infra/reach.py holds it).
"""

from pathlib import Path

from shared.adapters.minilm.minilm_embedder import MiniLmEmbedder
from shared.adapters.qdrant.qdrant_edge_vector_index import QdrantEdgeVectorIndex
from shared.adapters.system_clock import SystemClock
from shared.retrieval.evaluation.run import Evaluation, Told
from shared.retrieval.search import SearchConfig
from shared.wiring.retrieval.opening import Retrieval


def open_local_retrieval(folder: Path, config: SearchConfig) -> Retrieval:
    """Keep passages in a folder; it is taken, and the model loaded, at their first use."""
    return Retrieval(QdrantEdgeVectorIndex(folder), MiniLmEmbedder(), config)


def evaluation_of(opened: Retrieval, told: Told) -> Evaluation:
    """Measure what was opened, over an empty folder; `told` hears of every step."""
    return Evaluation(opened.index, opened.embedder, SystemClock(), opened.config, told)
