"""Folders of tests whose stores wait for the disk at every step."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

_SHARED_MEMORY = Path("/dev/shm")


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory where there is some, in place of pytest's own."""
    where = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="daybias-test-", dir=where) as folder:
        yield Path(folder)
