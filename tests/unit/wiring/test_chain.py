import pytest

from shared.adapters.chains.bucket_chain import BucketChain
from shared.config import Settings
from shared.domain.errors import ConfigError
from shared.wiring.chain import open_chain
from tests.twins.manual_clock import ManualClock


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
