"""A wrong key when the bias function starts: told in the log and at /v1/models, never a 500."""

import asyncio

import httpx
import pytest

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from shared.config import BiasSettings
from shared.wiring.roots.bias import build_bias
from tests.markets import open_market


@pytest.mark.parametrize(("key", "state"), [("simulated-key", "ok"), ("wrong-4711", "wrong key")])
async def test_the_state_of_a_key_is_known_soon_after_the_start(key, state, caplog, tmp_path):
    market = await open_market()
    with HttpDoor(GeminiSimulator()) as door:
        settings = BiasSettings(gemini_api_key=key, gemini_base_url=door.url)
        app = await build_bias(settings=settings, foundation=market.foundation())
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            told = {}
            while told.get("gemini") in {None, "not checked yet"}:
                await asyncio.sleep(0)
                body = (await client.get("/v1/models")).json()
                told = {m["provider"]: m["state"] for m in body["models"]}
            assert told == {"gemini": state, "openai": "no key"}
            assert (await client.get("/v1/bias/SPY")).status_code == 200
    assert ("wrong key" in {getattr(r, "state", "") for r in caplog.records}) == (state != "ok")
    assert "4711" not in caplog.text
