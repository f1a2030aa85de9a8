"""An archive as a folder: each part as JSON Lines in zstd, and manifest.json beside them."""

from collections.abc import AsyncIterator, Iterator
from io import BufferedReader
from pathlib import Path

import zstandard

from shared.domain.errors import InvalidInput

_LEVEL = 10
_LARGEST_MANIFEST = 100_000  # what is cut cannot be read
_LARGEST_WINDOW = 2**25  # bytes to unpack with; what is packed here asks for an eighth
_LONGEST_LINE = 2_000_000  # a document has at most 1 MB; a line may escape some of it


class FolderArchive:
    """Files that only their owner reads: fills are nobody else's business."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, part: str, lines: AsyncIterator[bytes]) -> None:
        """Compress a part as it comes."""
        self._refuse_to_overwrite()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(part)
        path.touch(mode=0o600)
        with (
            path.open("wb") as file,
            zstandard.ZstdCompressor(level=_LEVEL).stream_writer(file) as packed,
        ):
            async for line in lines:
                packed.write(line)

    def read(self, part: str) -> Iterator[bytes]:
        """Decompress a part as it is asked for."""
        try:
            with self._path(part).open("rb") as file:
                unpacked = zstandard.ZstdDecompressor(
                    max_window_size=_LARGEST_WINDOW
                ).stream_reader(file)
                with BufferedReader(unpacked) as lines:
                    while line := lines.readline(_LONGEST_LINE):
                        if not line.endswith(b"\n"):
                            raise InvalidInput(f"{part}: a line is cut or too long")
                        yield line
        except (OSError, zstandard.ZstdError) as error:
            raise InvalidInput(f"{part}: the archive's file cannot be read") from error

    async def write_manifest(self, manifest: bytes) -> None:
        """Write the file that makes the folder an archive."""
        self._refuse_to_overwrite()
        path = self._folder / "manifest.json"
        path.touch(mode=0o600)
        path.write_bytes(manifest)

    def read_manifest(self) -> bytes:
        """Read the file that makes the folder an archive."""
        try:
            with (self._folder / "manifest.json").open("rb") as file:
                return file.read(_LARGEST_MANIFEST)
        except OSError as error:
            raise InvalidInput(f"{self._folder}: there is no archive here") from error

    def _refuse_to_overwrite(self) -> None:
        if (self._folder / "manifest.json").exists():
            raise InvalidInput(f"{self._folder}: there is an archive here already")

    def _path(self, part: str) -> Path:
        return self._folder / f"{part}.jsonl.zst"
