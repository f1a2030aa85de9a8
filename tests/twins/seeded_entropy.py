"""Randomness that a seed repeats."""

import base64
from random import Random


class SeededEntropy:
    """The same seed gives the same values in the same order."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)

    def token(self) -> str:
        return base64.b32encode(self.random_bytes(20)).decode().lower()[:26]

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)

    def uniform(self, low: float, high: float) -> float:
        return low + (high - low) * self._random.random()
