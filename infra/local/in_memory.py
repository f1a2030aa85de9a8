"""Where memory passes for a disk: for stores that nothing is to survive in."""

from pathlib import Path
from shutil import disk_usage

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - who asks makes a folder of its own in it


def memory_with(room: int) -> Path | None:
    """Tell where folders in memory can be made; None where there is none, or less than `room` left.

    Units: `room` bytes.
    """
    there = _SHARED_MEMORY.is_dir() and disk_usage(_SHARED_MEMORY).free >= room
    return _SHARED_MEMORY if there else None
