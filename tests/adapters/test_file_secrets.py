import asyncio
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from shared.adapters.file_secrets import FileSecrets
from shared.domain.errors import ConfigError
from tests.contract.secrets import SecretsContract


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "secrets.json"


class TestFileSecrets(SecretsContract):
    @pytest.fixture
    def secrets(self, path: Path) -> FileSecrets:
        return FileSecrets(path)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_only_the_owner_can_open_the_file_and_its_folder(path: Path) -> None:
    before = os.umask(0)
    try:
        await FileSecrets(path).add("key", b"value")
    finally:
        os.umask(before)
    assert [_mode(path.parent), *map(_mode, path.parent.iterdir())] == [0o700, 0o600, 0o600]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
async def test_a_file_that_others_can_read_is_refused_with_the_remedy(
    path: Path, mode: int
) -> None:
    secrets = FileSecrets(path)
    await secrets.add("key", b"value")
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        await secrets.get("key")
    with pytest.raises(ConfigError, match="chmod 600"):
        await secrets.add("key", b"value")


async def test_a_link_in_place_of_the_file_is_refused(path: Path, tmp_path: Path) -> None:
    path.parent.mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_text("{}")
    with pytest.raises(ConfigError):
        await FileSecrets(path).get("key")


async def test_a_broken_file_is_refused_and_left_as_it_is(path: Path) -> None:
    await FileSecrets(path).add("key", b"value")
    path.write_text("{")
    with pytest.raises(ConfigError, match="not a secrets file"):
        await FileSecrets(path).add("key", b"value")
    assert path.read_text() == "{"


async def test_a_version_outlives_the_process(path: Path) -> None:
    added = await FileSecrets(path).add("key", b"value")
    assert await FileSecrets(path).get("key", added.version) == added


def _add_all(path: Path, worker: int) -> None:
    async def run() -> None:
        for n in range(10):
            await FileSecrets(path).add("key", b"%d-%d" % (worker, n))

    asyncio.run(run())


async def test_two_processes_lose_nothing_to_each_other(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_add_all, args=(path, n)) for n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert (await FileSecrets(path).get("key")).version == "20"
