"""With a broker 100 ms away, whose time is it?"""

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from infra.simulators.brokers.transport import SimulatorTransport
from tests.brokers.desk import ACCOUNT, START, Desk, request

pytestmark = pytest.mark.benchmark

FILLS = 2_000
ROUND_TRIP_S = 0.1
LEAST_SHARE = 0.9


@dataclass
class Distant(httpx.AsyncBaseTransport):
    """A broker behind a wire; `waited_s` adds up what was spent on it."""

    inner: httpx.AsyncBaseTransport
    waited_s: float = 0.0

    async def handle_async_request(self, asked: httpx.Request) -> httpx.Response:
        began = time.perf_counter()
        await asyncio.sleep(ROUND_TRIP_S)
        answer = await self.inner.handle_async_request(asked)
        self.waited_s += time.perf_counter() - began
        return answer


async def test_nearly_all_of_a_syncs_time_is_the_brokers() -> None:
    desk = Desk()
    account = desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    for i in range(FILLS):
        at = START - timedelta(minutes=60 * (FILLS - i))
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=Decimal(300), at=at)
    distant = Distant(SimulatorTransport(desk.handle))
    asked = request(await desk.connect(), "tick", START)
    began = time.perf_counter()
    report = await replace(desk.syncing(), transport=distant).run(asked)
    total_s = time.perf_counter() - began
    share = distant.waited_s / total_s
    print(  # noqa: T201 - the share is the result
        f"\nsync of {report.rows} fills, {report.requests} requests of 100 ms: {total_s:.2f} s, "
        f"{share:.1%} of it the broker's"
    )
    assert share > LEAST_SHARE
