"""What every test stands on: no settings, folders in memory, and the emulators for who asks."""

import os
from functools import cache

import pytest
import typer.testing

from tests.emulators import emulator_project, firestore, firestore_host, pubsub_host
from tests.in_memory import tmp_path
from tests.redis_server import redis, redis_url

__all__ = [
    "emulator_project",
    "firestore",
    "firestore_host",
    "pubsub_host",
    "redis",
    "redis_url",
    "tmp_path",
]

# Its runner puts all commands together at every call; they are the same ones.
typer.testing._get_command = cache(typer.testing._get_command)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away whatever the machine around the tests has set for a Daybias of its own."""
    for name in os.environ:
        if name.startswith("DAYBIAS_") or name.endswith("_EMULATOR_HOST") or name == "K_SERVICE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("DAYBIAS_CBOE", "false")  # it needs no key, and no test leaves loopback
