"""The forecasts' chain in a dictionary."""

from collections.abc import Sequence

from shared.domain.errors import AlreadyExists, StoreUnavailable
from shared.ports import Clock, KeptLink


class MemoryChain:
    """Links by number; a test may put anything into `links`. `down` refuses to keep or to read."""

    def __init__(self, clock: Clock) -> None:
        self.links: dict[int, KeptLink] = {}
        self.down = False
        self._clock = clock

    async def append(self, number: int, content: bytes) -> KeptLink:
        self._check()
        found = self.links.setdefault(number, KeptLink(number, content, self._clock.now()))
        if found.content != content:
            raise AlreadyExists(f"link {number} is there, with other content")
        return found

    async def newest(self) -> int:
        self._check()
        return max(self.links, default=0)

    async def read(self, first: int = 1) -> Sequence[KeptLink]:
        self._check()
        return [self.links[number] for number in sorted(self.links) if number >= first]

    async def close(self) -> None:
        """Nothing is open."""

    def _check(self) -> None:
        if self.down:
            raise StoreUnavailable("the chain is out of reach")
