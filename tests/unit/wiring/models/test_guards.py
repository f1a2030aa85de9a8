from decimal import Decimal

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from shared.adapters.memory_cache import MemoryCache
from shared.adapters.models.gemini_embedder import GeminiEmbedder
from shared.config import BiasSettings, ModelLimits, load
from shared.domain.errors import BudgetSpent, ConfigError
from shared.wiring.foundation import Foundation
from shared.wiring.models.guards import Guards, open_guards
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.scripted_language_model import ScriptedLanguageModel
from tests.twins.seeded_entropy import SeededEntropy

CLOCK = ManualClock()
BASE = Foundation(
    documents=MemoryDocuments(),
    bus=MemoryBus(),
    secrets=MemorySecrets(),
    clock=CLOCK,
    entropy=SeededEntropy(),
    cache=MemoryCache(CLOCK),
)


def guards(**settings: object) -> Guards:
    return open_guards(ModelLimits(**settings), BASE)


async def calls_at_once(opened: Guards, name: str) -> int:
    count = 0
    while True:
        try:
            await opened.limiter.acquire(name, 1, CLOCK.monotonic())
        except BudgetSpent:
            return count
        count += 1


async def test_one_instance_has_the_whole_limit():
    assert await calls_at_once(guards(), "gemini") == 10


async def test_without_redis_each_instance_has_its_share():
    assert await calls_at_once(guards(model_instances=3), "gemini") == 3


async def test_more_instances_than_calls_take_longer_windows():
    opened = guards(model_instances=20)
    assert await calls_at_once(opened, "openai") == 1
    await opened.limiter.acquire("openai", 1, CLOCK.monotonic() + 2)
    assert CLOCK.slept[-1] == pytest.approx(2)


async def test_with_redis_the_whole_limit_and_the_cache_are_shared(redis: Redis, redis_url: str):
    instances = [
        guards(redis_url=SecretStr(redis_url), model_instances=20, gemini_calls_a_second=2)
        for _ in range(2)
    ]
    assert await calls_at_once(instances[0], "gemini") == 2
    assert await calls_at_once(instances[1], "gemini") == 0
    await instances[0].cache.put("k", b"v", 60)
    assert await instances[1].cache.get("k") == b"v"
    for opened in instances:
        await opened.close()


def test_models_of_one_provider_share_its_guard():
    opened = guards(gemini_usd_a_day=Decimal(3))
    one, other = (opened.around(ScriptedLanguageModel(["x"], CLOCK)) for _ in range(2))
    assert one.turns is other.turns
    assert one.breaker is other.breaker
    assert one.spending is other.spending
    assert one.spending is not None
    assert one.spending.usd_a_day == 3


def test_embeddings_share_turns_and_money_with_the_models_but_not_the_breaker():
    opened = guards()
    embedder = opened.around_gemini_embeddings(GeminiEmbedder("gemini-embedding-001", 768, "key"))
    model = opened.around(ScriptedLanguageModel(["x"], CLOCK))
    assert (embedder.turns is model.turns, embedder.spending is model.spending) == (True, True)
    assert embedder.breaker is not model.breaker


def test_a_model_on_this_machine_costs_nothing():
    class Local(ScriptedLanguageModel):
        provider = "local"

    assert guards().around(Local(["x"], CLOCK)).spending is None


def test_the_limits_are_settings(monkeypatch):
    monkeypatch.setenv("DAYBIAS_GEMINI_USD_A_DAY", "7.50")
    monkeypatch.setenv("DAYBIAS_REDIS_URL", "redis://cache:6379/0")
    settings = load(BiasSettings)
    assert settings.gemini_usd_a_day == Decimal("7.50")
    assert "cache:6379" not in repr(settings)


def test_what_is_no_redis_url_is_a_fault_of_the_configuration():
    with pytest.raises(ConfigError, match="DAYBIAS_REDIS_URL"):
        guards(redis_url=SecretStr("http://cache"))
