"""What every cache does; each adapter's test module subclasses it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

import pytest

from shared.ports import Cache
from tests.twins.manual_clock import ManualClock

LetPass = Callable[[float], Awaitable[None]]


class CacheContract(ABC):
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    @abstractmethod
    def cache(self, clock: ManualClock) -> Cache: ...

    @pytest.fixture
    def let_pass(self, clock: ManualClock) -> LetPass:
        async def let_pass(seconds: float) -> None:
            clock.advance(seconds)

        return let_pass

    async def test_what_was_put_is_got(self, cache: Cache) -> None:
        await cache.put("k", b"v", 60)
        assert await cache.get("k") == b"v"

    async def test_what_was_never_put_is_missing(self, cache: Cache) -> None:
        assert await cache.get("k") is None

    async def test_the_last_value_counts(self, cache: Cache) -> None:
        await cache.put("k", b"old", 60)
        await cache.put("k", b"new", 60)
        assert await cache.get("k") == b"new"

    async def test_a_value_expires(self, cache: Cache, let_pass: LetPass) -> None:
        await cache.put("k", b"v", 60)
        await let_pass(60)
        assert await cache.get("k") is None

    async def test_a_value_lasts_until_it_expires(self, cache: Cache, let_pass: LetPass) -> None:
        await cache.put("k", b"v", 60)
        await let_pass(59.9)
        assert await cache.get("k") == b"v"

    async def test_the_last_time_to_live_counts(self, cache: Cache, let_pass: LetPass) -> None:
        await cache.put("k", b"v", 30)
        await cache.put("k", b"v", 60)
        await let_pass(40)
        assert await cache.get("k") == b"v"
