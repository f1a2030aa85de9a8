"""Folders of tests: their stores would wait for the disk at every step."""

from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory

import pytest

_SHARED_MEMORY = Path("/dev/shm")
_ROOM = 256 << 20  # a container may have little of it


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory where there is some, in place of pytest's own."""
    there = _SHARED_MEMORY.is_dir() and disk_usage(_SHARED_MEMORY).free >= _ROOM
    where = _SHARED_MEMORY if there else None
    with TemporaryDirectory(prefix="daybias-test-", dir=where) as folder:
        yield Path(folder)
