"""How far the index has what the store has, by feed; another embedder begins anew."""

from collections.abc import Mapping
from datetime import datetime

from shared.domain.time import from_micros, to_micros
from shared.ports import Clock, Create, Documents, Entropy, Key, Update
from shared.retry import compare_and_set


class Progress:
    """One cursor a feed; it only moves forward."""

    def __init__(self, documents: Documents, clock: Clock, entropy: Entropy, *, index: str) -> None:
        self._documents = documents
        self._clock = clock
        self._entropy = entropy
        self._key = Key("retrieval_progress", (index,))

    async def read(self) -> dict[str, datetime]:
        """Return every feed's cursor."""
        (found,) = await self._documents.get_many([self._key])
        cursors: Mapping[str, int] = found.body["cursors"] if found else {}
        return {feed: from_micros(us) for feed, us in cursors.items()}

    async def move(self, feed: str, until: datetime) -> None:
        """Move a feed's cursor, unless it is there or farther.

        Raises: StoreUnavailable.
        """

        async def write() -> None:
            (found,) = await self._documents.get_many([self._key])
            cursors: dict[str, int] = dict(found.body["cursors"]) if found else {}
            if cursors.get(feed, 0) >= to_micros(until):
                return
            body = {"cursors": cursors | {feed: to_micros(until)}}
            made = Update(self._key, body, found.version) if found else Create(self._key, body)
            await self._documents.commit([made])

        await compare_and_set(self._clock, self._entropy, write)
