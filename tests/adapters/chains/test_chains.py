import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from google.auth import exceptions

from shared.adapters.chains import google_tokens
from shared.adapters.chains.bucket_chain import BucketChain
from shared.adapters.chains.folder_chain import FolderChain
from shared.domain.errors import ConfigError, ContractBroken, StoreUnavailable
from tests.adapters.chains.cloud_storage import TOKEN, CloudStorage
from tests.contract.chain import ChainContract
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_chain import MemoryChain


class Token:
    async def bearer(self) -> str:
        return TOKEN


def over(storage: CloudStorage) -> BucketChain:
    return BucketChain("chain", Token(), transport=httpx.ASGITransport(storage.app()))


class TestMemoryChain(ChainContract):
    @pytest.fixture
    def chain(self, clock: ManualClock) -> MemoryChain:
        return MemoryChain(clock)


class TestFolderChain(ChainContract):
    @pytest.fixture
    def chain(self, clock: ManualClock, tmp_path: Path) -> FolderChain:
        return FolderChain(tmp_path / "chain", clock)


class TestBucketChain(ChainContract):
    @pytest.fixture
    def chain(self, clock: ManualClock) -> BucketChain:
        return over(CloudStorage("chain", clock))


class TestBucketChainWithoutTheRightToDelete(ChainContract):
    @pytest.fixture
    def chain(self, clock: ManualClock) -> BucketChain:
        return over(CloudStorage("chain", clock, deletes_checked_first=True))


@pytest.fixture
def storage() -> CloudStorage:
    return CloudStorage("chain", ManualClock())


async def test_a_file_is_read_only_and_stands_alone(tmp_path: Path) -> None:
    chain = FolderChain(tmp_path, ManualClock())
    await chain.append(1, b"one")
    await asyncio.gather(chain.append(2, b"two"), chain.append(2, b"two"))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["00000001.json", "00000002.json"]
    assert (tmp_path / "00000001.json").stat().st_mode & 0o222 == 0


async def test_a_half_written_file_of_a_crash_is_no_link(tmp_path: Path) -> None:
    (tmp_path / ".new-7").write_bytes(b"on")
    chain = FolderChain(tmp_path, ManualClock())
    assert await chain.newest() == 0


async def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        await FolderChain(tmp_path / "file", ManualClock()).append(1, b"one")


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_bucket_that_is_down_is_unavailable(storage: CloudStorage, status: int) -> None:
    storage.failures = [status]
    with pytest.raises(StoreUnavailable, match=str(status)):
        await over(storage).append(1, b"one")


async def test_a_lost_answer_is_made_good_by_the_next_attempt(storage: CloudStorage) -> None:
    chain = over(storage)
    kept = await chain.append(1, b"one")  # and nobody heard of it
    assert await over(storage).append(1, b"one") == kept


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_bucket_that_is_not_ours_is_a_configuration_error(
    storage: CloudStorage, status: int
) -> None:
    storage.failures = [status]
    with pytest.raises(ConfigError, match=str(status)):
        await over(storage).append(1, b"one")


async def test_a_link_that_was_damaged_on_the_way_is_not_used(storage: CloudStorage) -> None:
    await over(storage).append(1, b"one")
    storage.damage = True
    with pytest.raises(StoreUnavailable, match="damaged"):
        await over(storage).read()


async def test_an_object_that_is_no_link_is_told(storage: CloudStorage) -> None:
    storage.objects["links/1.json"] = (b"{}", "2020-05-29T12:15:00Z")
    with pytest.raises(ContractBroken, match="no link"):
        await over(storage).newest()


class Credentials:
    """Google's credentials as the token keeper uses them; `broken` fails at a refresh."""

    def __init__(self, *, broken: bool = False) -> None:
        self.token: str | None = None
        self.refreshed = 0
        self._broken = broken

    @property
    def valid(self) -> bool:
        return self.token is not None

    def refresh(self, _: object) -> None:
        if self._broken:
            raise exceptions.RefreshError("the metadata server is away")
        self.refreshed += 1
        self.token = TOKEN


async def test_a_token_is_fetched_once_while_it_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Credentials()
    monkeypatch.setattr("google.auth.default", lambda scopes: (found, "p-1"))
    tokens = google_tokens.GoogleTokens()
    assert [await tokens.bearer() for _ in range(3)] == [TOKEN] * 3
    assert found.refreshed == 1


async def test_a_token_that_cannot_be_fetched_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("google.auth.default", lambda scopes: (Credentials(broken=True), "p-1"))
    with pytest.raises(StoreUnavailable, match="RefreshError"):
        await google_tokens.GoogleTokens().bearer()


async def test_a_machine_without_credentials_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(scopes: list[str]) -> None:
        raise exceptions.DefaultCredentialsError("none")

    monkeypatch.setattr("google.auth.default", none)
    with pytest.raises(ConfigError, match="credentials"):
        await google_tokens.GoogleTokens().bearer()


async def test_a_files_time_is_the_clocks(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2020, 5, 28, 21, 5, 0, 123456, tzinfo=UTC))
    kept = await FolderChain(tmp_path, clock).append(1, b"one")
    assert kept.created_at == clock.now()
