"""The form of an archive: JSON Lines by part, and a manifest that is written last."""

from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.domain.errors import InvalidInput
from shared.domain.time import Instant

FORMAT = 1


class Archive(Protocol):
    """Where an archive is kept; parts are compressed there."""

    async def write(self, part: str, lines: AsyncIterator[bytes]) -> None:
        """Keep a part; each line ends with a newline.

        Raises: InvalidInput where an archive is kept already.
        """
        ...

    def read(self, part: str) -> Iterator[bytes]:
        """Yield the lines of a part.

        Raises: InvalidInput when the part is not there, is cut or was changed.
        """
        ...

    async def write_manifest(self, manifest: bytes) -> None:
        """Keep the manifest; from now on it is an archive."""
        ...

    def read_manifest(self) -> bytes:
        """Give the manifest.

        Raises: InvalidInput when there is none.
        """
        ...


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Frozen):
    """What a part holds: how many documents, and the SHA-256 of its lines, uncompressed (hex)."""

    documents: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(_Frozen):
    """What an archive holds; of projections it holds none, they follow from the log."""

    format: int
    software: str
    made_at: Instant
    parts: dict[str, Part]


def read_manifest(archive: Archive) -> Manifest:
    """Read what an archive says that it holds.

    Raises: InvalidInput, also for a format that is not known.
    """
    try:
        manifest = Manifest.model_validate_json(archive.read_manifest())
    except ValidationError as error:
        raise InvalidInput("the archive's manifest cannot be read") from error
    if manifest.format != FORMAT:
        raise InvalidInput(f"the archive has format {manifest.format}", expected=[str(FORMAT)])
    return manifest
