"""Google's own emulators, started once a session on free ports and stopped with all their children.

One that is already there (FIRESTORE_EMULATOR_HOST, PUBSUB_EMULATOR_HOST) is used instead. Where
gcloud or Java is missing the tests are skipped with that reason, or fail when
DAYBIAS_REQUIRE_EMULATORS=1 (CI) says that they must be there.
"""

import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from shared.adapters.firestore_documents import FirestoreDocuments

_READY_S = 60


def _require(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return
    reason = f"Google's emulators need {' and '.join(missing)}, not found on the PATH"
    if os.environ.get("DAYBIAS_REQUIRE_EMULATORS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _is_up(host: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}/", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def _running(command: list[str], host: str, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        end = time.monotonic() + _READY_S
        while not _is_up(host):
            if process.poll() is not None or time.monotonic() > end:
                # installed but broken is a fault, never a reason to skip
                pytest.fail(f"{' '.join(command)} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        # gcloud's Java child outlives gcloud: end the whole group
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)


@pytest.fixture(scope="session")
def firestore_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a Firestore emulator."""
    if given := _GIVEN.get("FIRESTORE_EMULATOR_HOST"):
        yield given
        return
    _require("gcloud", "java")
    host = f"127.0.0.1:{free_port()}"
    log = tmp_path_factory.mktemp("firestore") / "emulator.log"
    command = ["gcloud", "emulators", "firestore", "start", f"--host-port={host}", "--quiet"]
    with _running(command, host, log):
        yield host


@pytest.fixture(scope="session")
def pubsub_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """host:port of a Pub/Sub emulator."""
    if given := _GIVEN.get("PUBSUB_EMULATOR_HOST"):
        yield given
        return
    _require("gcloud", "java")
    host = f"127.0.0.1:{free_port()}"
    folder = tmp_path_factory.mktemp("pubsub")
    command = ["gcloud", "beta", "emulators", "pubsub", "start", f"--host-port={host}"]
    command += [f"--data-dir={folder}", "--project=daybias-test", "--quiet"]
    with _running(command, host, folder / "emulator.log"):
        yield host


@pytest.fixture
def emulator_project() -> str:
    """A project id of its own for each test: nothing to clean up between them."""
    return f"t-{secrets.token_hex(4)}"


@pytest.fixture
async def firestore(
    firestore_host: str, emulator_project: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator["FirestoreDocuments"]:
    """Documents in the emulator, in a project of the test's own."""
    from shared.adapters.firestore_documents import FirestoreDocuments

    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    opened = FirestoreDocuments(emulator_project)
    yield opened
    await opened.close()


# read before the tests' environment is cleaned
_GIVEN = {
    name: os.environ[name]
    for name in ("FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST")
    if os.environ.get(name)
}
