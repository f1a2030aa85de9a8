"""A folder of the engine's shards, one a collection, and the aliases that name them."""

import contextlib
import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

from shared.domain.errors import ContractBroken, NotFound, StoreUnavailable
from shared.domain.passage import KEYWORDS, NUMBERS

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard

DENSE, SPARSE = "dense", "words"  # the names of the two vectors of a point
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_OWNER_ONLY = 0o700


class EdgeShards:
    """Opened at first use; every call may come from another thread.

    Shape: collections/NAME/shard with shape.json beside it; aliases.json; lock. What is being made
    or removed lies under a name that begins with a dot until it is whole, or gone.
    """

    def __init__(self, folder: Path, force: Callable[[int], None]) -> None:
        self._force = force
        self._folder = folder
        self._collections = folder / "collections"
        self._guard = RLock()
        self._lock: int | None = None
        self._open: dict[str, tuple[EdgeShard, int]] = {}

    def find(self, name: str) -> tuple[str, "EdgeShard", int]:
        """Give a collection, or the one that an alias names: its own name, shard and dimension.

        Raises: NotFound, StoreUnavailable when another process holds the folder.
        """
        with self._guard:
            self._take()
            name = self.aliases().get(name, name)
            if name not in self._open:
                self._open[name] = self._load(name), self._dimension(name)
            return name, *self._open[name]

    def secure(self, name: str, shard: "EdgeShard") -> None:
        """Have a collection's log on disk, ten milliseconds in which other threads go on.

        Shape: the engine lets go of the log's full files (32 MB) only when it is told to write out
        what they hold, so that is done where there is more than one.
        Raises: OSError when the collection is gone.
        """
        log, forced = self._place(name) / "shard" / "wal", set[Path]()
        while left := set(log.iterdir()) - forced:
            for path in left:
                with contextlib.suppress(FileNotFoundError):  # renamed, and listed again by that
                    self._forced(path)
            forced |= left
        self._forced(log)
        if sum(path.name.startswith("closed-") for path in forced) > 1:
            shard.flush()

    def ensure(self, name: str, dimension: int) -> None:
        """Have a collection.

        Raises: ContractBroken when it has another dimension, ValueError for a name that cannot be
        a folder's, StoreUnavailable.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be the name of a collection")
        with self._guard:
            self._take()
            if not self._place(name).is_dir():
                self._make(name, dimension)
            elif (found := self._dimension(name)) != dimension:
                raise ContractBroken(f"{name} has {found} dimensions, not {dimension}")

    def aliases(self) -> dict[str, str]:
        """Read which collection each alias names.

        Raises: StoreUnavailable.
        """
        with self._guard:
            self._take()
            path = self._folder / "aliases.json"
            named: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}
            return named

    def point(self, alias: str, name: str) -> None:
        """Let an alias name a collection from now on.

        Raises: NotFound, StoreUnavailable.
        """
        with self._guard:
            name, _, _ = self.find(name)
            self._write_aliases(self.aliases() | {alias: name})

    def drop(self, name: str) -> None:
        """Remove a collection and its aliases; one that is gone is no error.

        Raises: StoreUnavailable.
        """
        with self._guard:
            kept = {alias: of for alias, of in self.aliases().items() if of != name}
            self._write_aliases(kept)
            opened = self._open.pop(name, None)
            if opened is not None:
                opened[0].close()
            if self._place(name).is_dir():
                leaving = self._place(f".leaving-{name}")
                self._place(name).rename(leaving)
                shutil.rmtree(leaving)

    def close(self) -> None:
        """Write out what is only in the logs and let the folder go; closing twice is no error."""
        with self._guard:
            while self._open:
                _, (shard, _) = self._open.popitem()
                shard.close()
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def _take(self) -> None:
        """Hold the folder; what a killed process left half made or half removed is cleared."""
        if self._lock is not None:
            return
        self._collections.mkdir(parents=True, exist_ok=True, mode=_OWNER_ONLY)
        lock = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreUnavailable(
                f"the vector index in {self._folder} is in use: it takes one process at a time; "
                "stop the other (`make serve`, or another `daybias`) or set DAYBIAS_STATE_DIR"
            ) from error
        self._lock = lock
        for rest in self._collections.glob(".*"):
            shutil.rmtree(rest)

    def _forced(self, path: Path) -> None:
        opened = os.open(path, os.O_RDONLY)
        try:
            self._force(opened)
        finally:
            os.close(opened)

    def _place(self, name: str) -> Path:
        return self._collections / name

    def _dimension(self, name: str) -> int:
        return int(json.loads((self._place(name) / "shape.json").read_text())["dimension"])

    def _load(self, name: str) -> "EdgeShard":
        from qdrant_edge import EdgeShard

        if not _NAME.fullmatch(name) or not self._place(name).is_dir():
            raise NotFound(f"there is no collection {name!r}")
        return EdgeShard.load(str(self._place(name) / "shard"))

    def _make(self, name: str, dimension: int) -> None:
        making = self._place(f".making-{name}")
        making.mkdir(mode=_OWNER_ONLY)
        _write(making / "shape.json", {"dimension": dimension})
        _create(making / "shard", dimension)
        making.rename(self._place(name))

    def _write_aliases(self, aliases: Mapping[str, str]) -> None:
        beside = self._folder / "aliases.new"
        _write(beside, aliases)
        beside.replace(self._folder / "aliases.json")


def _write(path: Path, content: Mapping[str, str | int]) -> None:
    """Have a file whole on disk, whatever happens next."""
    with path.open("w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())


def _create(place: Path, dimension: int) -> None:
    from qdrant_edge import (
        Distance,
        EdgeConfig,
        EdgeShard,
        EdgeSparseVectorParams,
        EdgeVectorParams,
        IntegerIndexParams,
        Modifier,
        PayloadSchemaType,
        UpdateOperation,
    )

    shard = EdgeShard.create(
        str(place),
        EdgeConfig(
            vectors={DENSE: EdgeVectorParams(size=dimension, distance=Distance.Cosine)},
            sparse_vectors={SPARSE: EdgeSparseVectorParams(modifier=Modifier.Idf)},
        ),
    )
    for field in KEYWORDS:
        shard.update(UpdateOperation.create_field_index(field, PayloadSchemaType.Keyword))
    bounds = IntegerIndexParams(lookup=False, range=True)
    for field in NUMBERS:
        shard.update(UpdateOperation.create_field_index(field, bounds))
    shard.close()
