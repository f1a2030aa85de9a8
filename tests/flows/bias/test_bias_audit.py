"""A whole bias by a model on the wire: what was asked is kept for audit, and in no log."""

import logging

import pytest

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.http_door import HttpDoor
from shared.bias.serving.service import Served
from shared.config import BiasSettings
from shared.wiring.models.analysts import open_analysts
from shared.wiring.models.audit import model_calls
from tests.markets import Market, open_market


async def asked(settings: BiasSettings, market: Market) -> str:
    analysts = await open_analysts(settings, market.foundation())
    served = await market.service(analysts.router).bias("ES")
    await analysts.close()
    assert isinstance(served, Served)
    assert served.bias.provider == "gemini"
    return served.bias.snapshot_hash


@pytest.mark.parametrize(("days", "kept"), [(30, 6), (0, 0)])
async def test_prompts_are_kept_as_the_setting_says_and_never_logged(days, kept, caplog):
    caplog.set_level(logging.INFO)
    market, simulator = await open_market(), GeminiSimulator(key="secret-4711")
    with HttpDoor(simulator) as door:
        settings = BiasSettings(
            gemini_api_key=simulator.key, gemini_base_url=door.url, keep_prompts_days=days
        )
        snapshot_hash = await asked(settings, market)
        calls = await model_calls(BiasSettings(), market.foundation()).behind(snapshot_hash)
    assert len(calls) == kept
    logged = "\n".join(str(vars(record)) for record in caplog.records)
    assert "bias" in logged
    for secret in ("secret-4711", "Texts from outside", "Simulated model", "You write the"):
        assert secret not in logged
