"""An embedder that embeds a text once: the replay computes everything a second time."""

from collections.abc import Sequence

from shared.ports import Embedder


class RememberedEmbedder:
    """The same vectors as the one inside, each worked out once."""

    def __init__(self, inside: Embedder) -> None:
        self._inside = inside
        self._known: dict[str, list[float]] = {}
        self.model, self.dimension = inside.model, inside.dimension

    async def documents(self, texts: Sequence[str]) -> list[list[float]]:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        vectors = await self._inside.documents(new) if new else []
        self._known |= dict(zip(new, vectors, strict=True))
        return [self._known[text] for text in texts]

    async def query(self, text: str) -> list[float]:
        if text not in self._known:
            self._known[text] = await self._inside.query(text)
        return self._known[text]

    async def close(self) -> None:
        """Stay open: another gateway of the replay embeds too."""
