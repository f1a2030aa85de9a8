"""Texts as counts of their words, folded into a few numbers: alike words, alike vectors."""

from collections.abc import Sequence
from math import sqrt
from zlib import crc32


class HashingEmbedder:
    def __init__(self, model: str = "words-1", dimension: int = 64) -> None:
        self.model = model
        self.dimension = dimension
        self.embedded = 0

    async def documents(self, texts: Sequence[str]) -> list[list[float]]:
        self.embedded += len(texts)
        return [self._vector(text) for text in texts]

    async def query(self, text: str) -> list[float]:
        return self._vector(text)

    async def close(self) -> None:
        """Nothing is open."""

    def _vector(self, text: str) -> list[float]:
        counts = [0.0] * self.dimension
        for word in text.lower().split() or [""]:
            counts[crc32(word.encode()) % self.dimension] += 1
        length = sqrt(sum(c * c for c in counts))
        return [c / length for c in counts]
