"""The engine waits for the disk at every step."""

from tests.in_memory import tmp_path

__all__ = ["tmp_path"]
