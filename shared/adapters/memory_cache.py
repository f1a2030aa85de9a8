"""A response cache in this process's memory."""

from collections import OrderedDict

from shared.ports import Clock

_MAX_ENTRIES = 1_000


class MemoryCache:
    """Forgets what expired, and beyond its size what was used least recently."""

    def __init__(self, clock: Clock, *, max_entries: int = _MAX_ENTRIES) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        """Return a value that has not expired."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        expires, value = entry
        if expires <= self._clock.monotonic():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for at most `ttl_s` seconds."""
        self._entries[key] = (self._clock.monotonic() + ttl_s, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
