from collections.abc import AsyncIterator

import grpc
import pytest
from google.cloud.secretmanager_v1 import SecretManagerServiceAsyncClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcAsyncIOTransport,
)

from shared.adapters.google_secrets import GoogleSecrets
from shared.domain.errors import ConfigError, NotFound, StoreUnavailable
from tests.adapters.secret_manager import SecretManager
from tests.contract.secrets import SecretsContract
from tests.twins.manual_clock import ManualClock


@pytest.fixture
async def manager() -> SecretManager:
    return SecretManager()


@pytest.fixture
async def address(manager: SecretManager) -> AsyncIterator[str]:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((manager,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


def connect(address: str, clock: ManualClock) -> GoogleSecrets:
    channel = grpc.aio.insecure_channel(address)
    transport = SecretManagerServiceGrpcAsyncIOTransport(channel=channel)
    client = SecretManagerServiceAsyncClient(transport=transport)
    return GoogleSecrets("p-1", clock, client, timeout_s=0.5)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def google(address: str, clock: ManualClock) -> AsyncIterator[GoogleSecrets]:
    opened = connect(address, clock)
    yield opened
    await opened.close()


class TestGoogleSecrets(SecretsContract):
    @pytest.fixture
    def secrets(self, google: GoogleSecrets) -> GoogleSecrets:
        return google


async def test_a_version_is_fetched_once(google: GoogleSecrets, manager: SecretManager) -> None:
    manager.secrets["projects/p-1/secrets/key"] = [b"value"]
    assert [(await google.get("key", "1")).value for _ in range(3)] == [b"value"] * 3
    assert manager.asked == ["projects/p-1/secrets/key/versions/1"]


async def test_the_latest_is_asked_for_again_after_a_while(
    google: GoogleSecrets, manager: SecretManager, clock: ManualClock
) -> None:
    versions = manager.secrets["projects/p-1/secrets/key"] = [b"old"]
    await google.get("key")
    versions.append(b"new")
    clock.advance(299)
    within = await google.get("key")
    clock.advance(1)
    after = await google.get("key")
    assert (within.value, after.value) == (b"old", b"new")


async def test_a_version_added_elsewhere_is_the_latest_of_a_new_process(
    google: GoogleSecrets, address: str, clock: ManualClock
) -> None:
    added = await google.add("key", b"value")
    other = connect(address, clock)
    found = await other.get("key")
    await other.close()
    assert found == added


async def test_a_value_damaged_on_the_way_is_not_used(
    google: GoogleSecrets, manager: SecretManager
) -> None:
    manager.secrets["projects/p-1/secrets/key"] = [b"value"]
    manager.damage = True
    with pytest.raises(StoreUnavailable, match="damaged"):
        await google.get("key")
    manager.damage = False
    assert (await google.get("key")).value == b"value"


async def test_a_service_that_is_down_is_unavailable(
    google: GoogleSecrets, manager: SecretManager
) -> None:
    manager.down = True
    with pytest.raises(StoreUnavailable):
        await google.get("key")
    with pytest.raises(StoreUnavailable):
        await google.add("key", b"value")


async def test_a_secret_that_is_not_ours_to_read_is_a_configuration_error(
    google: GoogleSecrets, manager: SecretManager
) -> None:
    manager.deny = True
    with pytest.raises(ConfigError, match="key"):
        await google.get("key")


async def test_a_missing_secret_is_asked_for_again(
    google: GoogleSecrets, manager: SecretManager
) -> None:
    with pytest.raises(NotFound):
        await google.get("key")
    manager.secrets["projects/p-1/secrets/key"] = [b"value"]
    assert (await google.get("key")).value == b"value"
