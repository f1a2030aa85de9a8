"""Sync of 10,000 fills against fetching and decoding the very same pages."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from infra.simulators.brokers.transport import SimulatorTransport
from infra.simulators.brokers.wire import Answer, Call
from tests.brokers.desk import ACCOUNT, START, Desk, request

FILLS = 10_000
HIGHEST_RATIO = 25.0

pytestmark = pytest.mark.benchmark


def busy_desk() -> Desk:
    desk = Desk()
    account = desk.world.add_account(account_id=ACCOUNT, number="PA1", key="PK1", secret="s1")
    for i in range(FILLS):
        at = START - timedelta(minutes=10 * (FILLS - i))
        price = Decimal(30_000 + i) / 100
        desk.world.fill(account, "SPY", "buy", Decimal(1), price=price, at=at)
    desk.world.calls.clear()
    return desk


def remembered(desk: Desk) -> Callable[[Call], Answer]:
    """Answer each call as before, at no cost, so that the simulator's own work does not count."""
    answers: dict[tuple[str, str], Answer] = {}
    inner = desk.world.handle

    def handle(call: Call) -> Answer:
        mark = (call.path, json.dumps(dict(call.query), sort_keys=True))
        if mark not in answers:
            answers[mark] = inner(call)
        return answers[mark]

    return handle


async def fetch_and_decode(handle: Callable[[Call], Answer], calls: list[Call]) -> None:
    transport = SimulatorTransport(handle)
    async with httpx.AsyncClient(transport=transport, base_url="http://b") as client:
        for call in calls:
            response = await client.get(call.path, params=dict(call.query), headers=call.headers)
            json.loads(response.content)


async def seconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def test_sync_costs_a_bounded_multiple_of_reading_the_same_pages() -> None:
    desk = busy_desk()
    handle = remembered(desk)
    warming = replace(desk.syncing(), transport=SimulatorTransport(handle))
    asked = request(await desk.connect(), "tick", START)
    assert (await warming.run(asked)).rows == FILLS
    calls = list(desk.world.calls)

    fresh = Desk(clock=desk.clock)
    again = request(await fresh.connect(), "tick", START)
    syncing = replace(fresh.syncing(), transport=SimulatorTransport(handle))
    sync_s = await seconds(lambda: syncing.run(again))
    plain_s = min([await seconds(lambda: fetch_and_decode(handle, calls)) for _ in range(3)])

    ratio = sync_s / plain_s
    rate = FILLS / sync_s
    print(  # noqa: T201 - the ratio is the result
        f"\nsync of {FILLS} fills: {sync_s:.2f} s ({rate:,.0f} fills/s); fetching and decoding the "
        f"same {len(calls)} answers: {plain_s:.2f} s; ratio {ratio:.1f}"
    )
    assert len(fresh.rows()) == FILLS
    assert ratio < HIGHEST_RATIO
