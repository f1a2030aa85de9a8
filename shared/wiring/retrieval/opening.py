"""Where passages are kept and what embeds them: what was handed in, or a server and Gemini."""

from dataclasses import dataclass, field

from shared.ports import Embedder, VectorIndex
from shared.retrieval.search import Search, SearchConfig
from shared.retrieval.shelves import Shelves


@dataclass(frozen=True, slots=True)
class Retrieval:
    """An index, an embedder, and how every instrument's passages are searched."""

    index: VectorIndex
    embedder: Embedder
    config: SearchConfig = field(default_factory=SearchConfig)

    @property
    def shelves(self) -> Shelves:
        """What writes passages."""
        return Shelves(self.index, self.embedder)

    @property
    def search(self) -> Search:
        """What finds them."""
        return Search(self.index, self.embedder, self.config)

    async def close(self) -> None:
        """Release what was opened."""
        await self.embedder.close()
        await self.index.close()
