"""One SQLite connection on one thread of its own, for asynchronous callers."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from shared.domain.errors import ConfigError, StoreUnavailable

_BUSY_MS = 5_000  # how long to wait for another process's write

T = TypeVar("T")


class SqliteConnection:
    """Opens at first use; every call runs on the same thread, so statements never interleave.

    WAL: a killed process loses nothing. A power cut may lose the last commits, but never one before
    them, nor one that was asked to be durable: that one is on the disk, with all before it.
    No group commit: only durable writes cost an fsync, and batches arrive as batches.
    """

    def __init__(
        self,
        path: Path,
        prepare: Callable[[sqlite3.Connection], None],
    ) -> None:
        self._path = path
        self._prepare = prepare
        self._is_durable: bool | None = None  # what the connection is set to
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        self._opened: sqlite3.Connection | None = None
        self._closed = False

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, which only reads.

        Raises: StoreUnavailable, ConfigError when the file cannot be used at all.
        """
        return await self._call(lambda: work(self._connection()))

    async def write(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = False) -> T:
        """Run `work` in one transaction: all of it is stored, or nothing when it raises.

        Raises: StoreUnavailable, ConfigError when the file cannot be used at all.
        """
        return await self._call(lambda: _transact(self._set(durable), work))

    def _set(self, durable: bool) -> sqlite3.Connection:  # noqa: FBT001 - private, one caller
        connection = self._connection()
        if self._is_durable is not durable:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._is_durable = durable
        return connection

    async def _call(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except sqlite3.OperationalError as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # isolation_level=None: transactions begin where we say, not where Python guesses
            connection = sqlite3.connect(
                self._path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
            )
            self._set_up(connection)
        except (OSError, sqlite3.NotSupportedError) as error:
            raise ConfigError([f"{self._path} cannot be opened: {error}"]) from error
        except sqlite3.OperationalError:  # locked or full: may work later
            raise
        except sqlite3.DatabaseError as error:
            raise ConfigError([f"{self._path} is not a database of ours: {error}"]) from error
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        _transact(connection, self._prepare)

    async def close(self) -> None:
        """Close the file and end the thread.

        Idempotent: closing again does nothing.
        """
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()


def _transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    # IMMEDIATE: a deferred transaction that turns into a write fails at once when another process
    # writes, whatever the busy timeout (measured)
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return result
