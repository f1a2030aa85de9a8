"""Folders of tests: their stores would wait for the disk at every step."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from infra.local.in_memory import memory_with

_ROOM = 256 << 20  # a container may have little of it


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory where there is some, in place of pytest's own."""
    with TemporaryDirectory(prefix="daybias-test-", dir=memory_with(_ROOM)) as folder:
        yield Path(folder)
