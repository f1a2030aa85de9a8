"""A stored bias through the app against a bare FastAPI endpoint that returns the same JSON."""

import json
import logging
from collections.abc import Awaitable, Callable
from statistics import median
from time import perf_counter

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from shared.http.bias_app import bias_app
from shared.market.registry import load_instruments
from tests.markets import OPEN_13, open_market

ROUNDS = 200


async def _p50_ms(call: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(ROUNDS):
        started = perf_counter()
        await call()
        took.append((perf_counter() - started) * 1000)
    return median(took)


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


@pytest.mark.benchmark
async def test_a_stored_bias_costs_at_most_four_bare_json_answers(caplog):
    caplog.set_level(logging.CRITICAL)
    market = await open_market()
    service = market.service(cache_ttl_s=0.5)
    app = bias_app(service, load_instruments(), None, None)  # neither records nor scores are asked
    first = await service.bias("SPY")
    body = json.loads(first.bias.model_dump_json())
    bare = FastAPI()

    @bare.get("/bias")
    async def plain() -> JSONResponse:
        return JSONResponse(body)

    async with _client(app) as ours, _client(bare) as floor:
        answer = await ours.get("/v1/bias/SPY")
        assert answer.json() == body
        floor_ms = await _p50_ms(lambda: floor.get("/bias"))
        cached_ms = await _p50_ms(lambda: ours.get("/v1/bias/SPY"))

        async def stored() -> None:
            market.clock.advance(1)  # past the response cache
            assert (await ours.get("/v1/bias/SPY")).headers["Daybias-Cache"] == "stored"

        stored_ms = await _p50_ms(stored)
    line = (
        f"bare JSON {floor_ms:.2f} ms, cached bias {cached_ms:.2f} ms "
        f"({cached_ms / floor_ms:.1f} x), stored bias {stored_ms:.2f} ms "
        f"({stored_ms / floor_ms:.1f} x), {len(answer.content)} bytes"
    )
    print(f"\n{line}")  # noqa: T201 - a benchmark shows what it measured
    assert stored_ms / floor_ms < 4


@pytest.mark.benchmark
async def test_a_fresh_board_of_all_instruments_takes_under_five_seconds():
    market = await open_market()
    started = perf_counter()
    board = await market.service().board()
    took = perf_counter() - started
    line = f"fresh board, {len(board)} instruments, {len(OPEN_13)} served: {took * 1000:.0f} ms"
    print(f"\n{line}")  # noqa: T201 - a benchmark shows what it measured
    assert took < 5
