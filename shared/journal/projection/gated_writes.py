"""Writes of one root's build: gathered, and committed in batches through the root's gate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pydantic_core import to_json

from shared.domain.errors import VersionChanged
from shared.ports import Body, Create, Delete, Document, Documents, Key, Update, Write

UNDER_WAY = "building:"  # no log has such a version: a reader sees a build that has not ended
_BATCH = 400  # below the stores' 450: the gate is in every batch
_BATCH_BYTES = 2_000_000  # below their 3 MB


@dataclass(frozen=True, slots=True)
class Gate:
    """The document through which everything of a root is written, as it was read.

    Shape: `shown` is its body; where there is no document yet, one that shows nothing.
    """

    key: Key
    document: Document | None
    shown: Body


class GatedWrites:
    """Only what differs is written; whoever was overtaken at the gate finds out and writes no more.

    Shape: `token` is the build's own, so that no two builds leave the same gate behind; `count` is
    how many documents were written.
    """

    def __init__(self, documents: Documents, gate: Gate, token: str) -> None:
        self._documents = documents
        self._gate = gate
        self._token = token
        self._writes: dict[Key, Write] = {}
        self._sizes: dict[Key, int] = {}
        self._found: dict[Key, Document | None] = {}
        self._batches = 0
        self.count = 0

    def put(self, key: Key, found: Document | None, body: Body) -> None:
        """Let a document have this body."""
        if found is None:
            self._add(Create(key, body), found, _bytes_of(body))
        elif dict(found.body) != body:
            self._add(Update(key, body, found.version), found, _bytes_of(body))
        else:
            self._forget(key)

    def delete(self, found: Document) -> None:
        """Let a document be gone."""
        self._add(Delete(found.key, found.version), found, 0)

    def waiting(self, key: Key) -> Body | None:
        """Give the body with which a document waits to be written, if it does."""
        write = self._writes.get(key)
        return None if write is None or isinstance(write, Delete) else write.body

    def change(self, key: Key, body: Body) -> None:
        """Replace the body of a document that waits; one that is as it was need not be written."""
        self.put(key, self._found[key], body)

    async def relieve(self) -> None:
        """Commit what waits, if it is much: the gate then says that a build is under way.

        Raises: VersionChanged, StoreUnavailable.
        """
        while len(self._writes) >= _BATCH or sum(self._sizes.values()) >= _BATCH_BYTES:
            await self._commit_some()

    async def finish(self, body: Body, marks: Iterable[Write]) -> None:
        """Commit the rest with the gate as it is from now on; only the marks, if nothing differs.

        Raises: VersionChanged, StoreUnavailable.
        """
        await self.relieve()
        self.put(self._gate.key, self._gate.document, body)
        self.count += len(self._writes)
        writes = [*self._writes.values(), *marks]
        if writes:
            await self._documents.commit(writes)

    def _add(self, write: Write, found: Document | None, size: int) -> None:
        key = write.key
        self._writes[key], self._sizes[key], self._found[key] = write, size, found

    def _forget(self, key: Key) -> None:
        for kept in (self._writes, self._sizes, self._found):
            kept.pop(key, None)

    async def _commit_some(self) -> None:
        chosen: list[Write] = []
        size = 0
        for key, write in self._writes.items():
            size += self._sizes[key]
            if chosen and (len(chosen) == _BATCH or size > _BATCH_BYTES):
                break
            chosen.append(write)
        self._batches += 1
        version = f"{UNDER_WAY}{self._token}:{self._batches}"
        await self._pass_gate({**self._gate.shown, "log_version": version}, chosen)
        self.count += len(chosen)
        for write in chosen:
            self._forget(write.key)

    async def _pass_gate(self, body: Body, writes: Sequence[Write]) -> None:
        key, found = self._gate.key, self._gate.document
        put = Create(key, body) if found is None else Update(key, body, found.version)
        await self._documents.commit([put, *writes])
        (now,) = await self._documents.get_many([key])
        if now is None or dict(now.body) != body:
            raise VersionChanged(f"another builder took over {key}")
        self._gate = replace(self._gate, document=now)


def _bytes_of(body: Body) -> int:
    return len(to_json(body, fallback=dict))
