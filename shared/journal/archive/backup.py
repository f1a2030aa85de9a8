"""A user's journal written to an archive."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from shared import VERSION
from shared.domain.ids import UserId
from shared.journal.archive.archive import FORMAT, Archive, Manifest, Part
from shared.journal.archive.contents import PARTS, documents_of, to_line
from shared.ports import Clock, Documents


@dataclass(frozen=True, slots=True)
class Backup:
    """The use case; what is synchronized meanwhile may or may not be in the archive."""

    documents: Documents
    clock: Clock

    async def write(self, user_id: UserId, archive: Archive) -> Manifest:
        """Write everything that the user owns, without credentials and projections.

        Shape: the same documents give the same lines, byte for byte.
        Raises: InvalidInput where an archive is kept already, StoreUnavailable.
        """
        made_at, parts = self.clock.now(), dict[str, Part]()
        for part in PARTS:
            written = _Written()
            await archive.write(part, written.lines(self.documents, user_id, part))
            parts[part] = Part(documents=written.count, sha256=written.digest.hexdigest())
        manifest = Manifest(format=FORMAT, software=VERSION, made_at=made_at, parts=parts)
        await archive.write_manifest(manifest.model_dump_json(indent=2).encode() + b"\n")
        return manifest


class _Written:
    """Counts and digests lines on their way."""

    def __init__(self) -> None:
        self.count, self.digest = 0, hashlib.sha256()

    async def lines(self, documents: Documents, user_id: UserId, part: str) -> AsyncIterator[bytes]:
        async for found in documents_of(documents, user_id, part):
            line = to_line(found)
            self.count += 1
            self.digest.update(line)
            yield line
