"""The forecasts' chain as a folder: one read-only file a link, made once and never opened again."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from shared.domain.errors import AlreadyExists, StoreUnavailable
from shared.domain.time import from_micros, to_micros
from shared.ports import Clock, KeptLink

_READ_ONLY = 0o444


class FolderChain:
    """Files on one's own machine: who owns the folder can rewrite it, and so can nobody else.

    Shape: a link's time is its file's, as the clock told it: a replay's links are of its own day.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    async def append(self, number: int, content: bytes) -> KeptLink:
        """Make the file whole under another name, then give it its own, which must be free."""
        return await asyncio.to_thread(self._append, number, content)

    async def newest(self) -> int:
        """Look at the names."""
        return max(await asyncio.to_thread(self._numbers), default=0)

    async def read(self, first: int = 1) -> Sequence[KeptLink]:
        """Read the files."""
        return await asyncio.to_thread(self._read, first)

    async def close(self) -> None:
        """Nothing stays open."""

    def _append(self, number: int, content: bytes) -> KeptLink:
        path = self._path(number)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside = self._write(content)
            try:
                os.link(beside, path)
            except FileExistsError:
                return self._there(number, content)
            finally:
                beside.unlink()
            self._settle()
            return self._kept(number)
        except OSError as error:
            raise StoreUnavailable(f"{path}: {error}") from error

    def _write(self, content: bytes) -> Path:
        handle, name = tempfile.mkstemp(prefix=".new-", dir=self._folder)
        path = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        path.chmod(_READ_ONLY)
        nanoseconds = to_micros(self._clock.now()) * 1000
        os.utime(path, ns=(nanoseconds, nanoseconds))
        return path

    def _settle(self) -> None:
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def _there(self, number: int, content: bytes) -> KeptLink:
        found = self._kept(number)
        if found.content != content:
            raise AlreadyExists(f"link {number} is there, with other content")
        return found

    def _read(self, first: int) -> list[KeptLink]:
        try:
            return [self._kept(number) for number in self._numbers() if number >= first]
        except OSError as error:
            raise StoreUnavailable(f"{self._folder}: {error}") from error

    def _kept(self, number: int) -> KeptLink:
        path = self._path(number)
        made = from_micros(path.stat().st_mtime_ns // 1000)
        return KeptLink(number, path.read_bytes(), made)

    def _numbers(self) -> list[int]:
        names = (path.stem for path in self._folder.glob("*.json"))
        return sorted(int(name) for name in names if name.isdecimal())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.json"
