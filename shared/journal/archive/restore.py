"""An archive brought back into a store: verified whole, then written, then built."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from shared.domain.errors import AlreadyExists, InvalidInput
from shared.domain.ids import UserId
from shared.journal.archive.archive import Archive, Manifest, read_manifest
from shared.journal.archive.contents import NEEDED, PARTS, from_line
from shared.journal.tombstones import is_deleted_user
from shared.journal.upkeep.rebuild import Rebuild
from shared.journal.upkeep.user_erasure import owned_documents, remove_owned
from shared.ports import Body, Clock, Create, Documents, Entropy, Key, Update, Write

_BATCH = 400
_BATCH_BYTES = 2_000_000  # of lines; the stores' limit is 3 MB of bodies


@dataclass(frozen=True, slots=True)
class Restore:
    """The use case."""

    documents: Documents
    clock: Clock
    entropy: Entropy

    async def read(self, user_id: UserId, archive: Archive, *, replace: bool = False) -> Manifest:
        """Write an archive's documents as the user's own, and build the projections anew.

        Nothing is written before the whole archive was found to be what its manifest says. With
        `replace` what the user has is removed first, but for the last run numbers. Cursors come
        last: a restore that is cut short leaves a store that reads again, and is repeated with
        `replace`.
        Raises: InvalidInput for an archive that is cut or was changed, for a user who has documents
        already, and for an erased one; StoreUnavailable.
        """
        manifest = read_manifest(archive)
        _verify(archive, manifest)
        await self._make_room(user_id, replace=replace)
        for part in reversed(PARTS):
            if part in manifest.parts:
                await self._write(user_id, part, archive)
        await Rebuild(self.documents, self.clock, self.entropy).rebuild(user_id)
        return manifest

    async def _make_room(self, user_id: UserId, *, replace: bool) -> None:
        (user,) = await self.documents.get_many([Key("users", (user_id,))])
        if is_deleted_user(user):
            raise InvalidInput("this user was erased, and stays so: restore as another user")
        if replace:
            await remove_owned(self.documents, user_id, but={"counters"})
            return
        async for found in owned_documents(self.documents, user_id):
            raise InvalidInput(
                f"the store is not empty: {found.collection} has documents of this user; "
                "ask for a replacement to remove them first"
            )

    async def _write(self, user_id: UserId, part: str, archive: Archive) -> None:
        batch: list[tuple[Key, Body]] = []
        size = 0
        for line in archive.read(part):
            batch.append(from_line(user_id, part, line))
            size += len(line)
            if len(batch) == _BATCH or size >= _BATCH_BYTES:
                await self._commit(part, batch)
                batch, size = [], 0
        await self._commit(part, batch)

    async def _commit(self, part: str, batch: list[tuple[Key, Body]]) -> None:
        try:
            if part == "counters":
                await self.documents.commit(await self._counters(batch))
                return
            await self.documents.commit([Create(key, body) for key, body in batch])
        except AlreadyExists as error:
            raise InvalidInput(f"{part}: the store is being written to meanwhile") from error
        except ValueError as error:
            raise InvalidInput(f"{part}: the archive does not fit this version") from error

    async def _counters(self, batch: Sequence[tuple[Key, Body]]) -> list[Write]:
        """Let a counter go forward only: a page under way may bear a number of after the archive.

        A number that is handed out twice would take the second page for the first.
        """
        writes: list[Write] = []
        found = await self.documents.get_many([key for key, _ in batch])
        for (key, body), known in zip(batch, found, strict=True):
            if known is None:
                writes.append(Create(key, body))
            else:
                last_run = max(body["last_run"], known.body["last_run"])
                writes.append(Update(key, {**body, "last_run": last_run}, known.version))
        return writes


def _verify(archive: Archive, manifest: Manifest) -> None:
    """Make sure that every part is what the manifest says.

    Raises: InvalidInput.
    """
    if unknown := sorted(set(manifest.parts) - set(PARTS)):
        raise InvalidInput(f"the archive has parts that are not known: {', '.join(unknown)}")
    if missing := sorted(set(NEEDED) - set(manifest.parts)):
        raise InvalidInput(f"the archive has no {', '.join(missing)}")
    for name, part in manifest.parts.items():
        digest, count = hashlib.sha256(), 0
        # never more lines than were stated: a small file may unpack to no end
        for line in islice(_checked(archive.read(name), name), part.documents + 1):
            digest.update(line)
            count += 1
        if (count, digest.hexdigest()) != (part.documents, part.sha256):
            raise InvalidInput(f"{name}: the archive was changed or is cut")


def _checked(lines: Iterator[bytes], part: str) -> Iterator[bytes]:
    before: tuple[str, ...] = ()
    for line in lines:
        key, _ = from_line(UserId("-"), part, line)
        if key.path <= before:  # as they are written: so no document is there twice
            raise InvalidInput(f"{part}: the archive's documents are not in order")
        before = key.path
        yield line
