from datetime import timedelta

import httpx
import pytest

from shared.adapters.chains.bucket_chain import BucketChain
from shared.adapters.memory_cache import MemoryCache
from shared.analyst.audit.calls import ModelCalls
from shared.config import BiasSettings, Settings
from shared.domain.bias import SectionDraft
from shared.domain.errors import ConfigError
from shared.ports import ModelRequest, Query
from shared.wiring.chain import open_chain
from shared.wiring.foundation import Foundation
from shared.wiring.roots.score import build_score
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_bus import MemoryBus
from tests.twins.memory_chain import MemoryChain
from tests.twins.memory_documents import MemoryDocuments
from tests.twins.memory_secrets import MemorySecrets
from tests.twins.seeded_entropy import SeededEntropy


async def test_the_local_profile_keeps_the_chain_beside_its_other_files(tmp_path):
    await open_chain(Settings(state_dir=tmp_path), ManualClock()).append(1, b"one")
    assert (tmp_path / "chain" / "00000001.json").read_bytes() == b"one"


async def test_the_cloud_profile_keeps_it_in_the_bucket():
    settings = Settings(profile="cloud", project="p-1", chain_bucket="p-1-forecast-chain")
    chain = open_chain(settings, ManualClock())
    await chain.close()
    assert isinstance(chain, BucketChain)


def test_the_cloud_profile_refuses_to_start_without_a_bucket():
    with pytest.raises(ConfigError, match="DAYBIAS_CHAIN_BUCKET"):
        open_chain(Settings(profile="cloud", project="p-1"), ManualClock())


async def scored(
    chain: MemoryChain, clock: ManualClock, documents: MemoryDocuments | None = None
) -> httpx.Response:
    base = Foundation(
        documents or MemoryDocuments(),
        MemoryBus(),
        MemorySecrets(),
        clock,
        SeededEntropy(),
        MemoryCache(clock),
    )
    app = build_score(settings=BiasSettings(), foundation=base, chain=chain)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.post("/")


async def test_a_day_without_any_score_has_no_scorecard():
    clock = ManualClock()
    answer = await scored(MemoryChain(clock), clock)
    assert (answer.status_code, answer.json()["scorecard"]) == (200, False)


async def test_nothing_is_scored_while_the_chain_cannot_be_read():
    clock = ManualClock()
    chain = MemoryChain(clock)
    chain.down = True
    assert (await scored(chain, clock)).status_code == 503


async def test_prompts_whose_time_is_over_go_with_the_hour_even_while_the_chain_is_down():
    clock, documents = ManualClock(), MemoryDocuments()
    chain = MemoryChain(clock)
    chain.down = True
    calls = ModelCalls(documents, clock, SeededEntropy(), keep=timedelta(days=30))
    await calls.put("gemini", ModelRequest("s", "p", SectionDraft, 0.2, 512, 10), None, "down")
    clock.advance(timedelta(days=31))
    await scored(chain, clock, documents)
    assert not (await documents.scan(Query("model_calls", (), order_by="expires_us"))).documents
