from collections.abc import AsyncIterator, Callable
from typing import ClassVar

import httpx
import pytest

from tests.contract.bus import TOPIC, BusContract
from tests.contract.endpoint import Endpoint
from tests.twins.memory_bus import MemoryBus


class MemoryLab:
    def __init__(self, endpoint: Endpoint) -> None:
        self.bus = MemoryBus({TOPIC})
        self.endpoint = endpoint

    async def until(self, reached: Callable[[], bool]) -> None:
        async with httpx.AsyncClient() as client:
            for delivery in self.bus.take():
                await client.post(self.endpoint.url, json=delivery.push_body())
        assert reached()

    async def dead(self) -> list[tuple[bytes, dict[str, str]]]:
        raise NotImplementedError


class TestMemoryBus(BusContract):
    gaps: ClassVar[dict[str, str]] = dict.fromkeys(
        ("retry", "dead letter", "attempts"),
        "the twin's deliveries are repeated by the test that wants it",
    )

    @pytest.fixture
    async def lab(self) -> AsyncIterator[MemoryLab]:
        async with Endpoint() as endpoint:
            yield MemoryLab(endpoint)
