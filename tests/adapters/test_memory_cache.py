import pytest

from shared.adapters.memory_cache import MemoryCache
from tests.contract.cache import CacheContract
from tests.twins.manual_clock import ManualClock


class TestMemoryCache(CacheContract):
    @pytest.fixture
    def cache(self, clock: ManualClock) -> MemoryCache:
        return MemoryCache(clock)


async def test_a_full_cache_forgets_what_was_used_least_recently() -> None:
    cache = MemoryCache(ManualClock(), max_entries=2)
    await cache.put("a", b"1", 60)
    await cache.put("b", b"2", 60)
    await cache.get("a")
    await cache.put("c", b"3", 60)
    assert [await cache.get(key) for key in "abc"] == [b"1", None, b"3"]
