"""Secrets in one file that only its owner can read."""

import asyncio
import base64
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.domain.errors import ConfigError, NotFound, StoreUnavailable
from shared.ports import Secret

_OWNER_ONLY = 0o600
_OTHERS = 0o077
_Versions = dict[str, list[str]]  # name -> values in base64, version 1 first


class FileSecrets:
    """Mode 0600 is the protection: a key beside its file would add none.

    Idempotent: reads and writes hold a file lock, so several processes may share the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, name: str, version: str = "latest") -> Secret:
        """Read one version."""
        values = (await asyncio.to_thread(self._load)).get(name, [])
        number = len(values) if version == "latest" else _number(version)
        if not 1 <= number <= len(values):
            raise NotFound(f"there is no version {version!r} of secret {name!r}")
        return Secret(name, str(number), base64.b64decode(values[number - 1]))

    async def add(self, name: str, value: bytes) -> Secret:
        """Append a version; it is on the disk when this returns."""
        return await asyncio.to_thread(self._append, name, value)

    async def close(self) -> None:
        """Nothing stays open."""

    def _append(self, name: str, value: bytes) -> Secret:
        with self._locked():
            secrets = self._read()
            secrets.setdefault(name, []).append(base64.b64encode(value).decode())
            self._replace(secrets)
            return Secret(name, str(len(secrets[name])), value)

    def _load(self) -> _Versions:
        if not self._path.exists():
            return {}
        with self._locked():
            return self._read()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # a file of its own: the secrets file is replaced while the lock is held
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        except OSError as error:
            raise StoreUnavailable(f"{self._path.parent}: {error}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _read(self) -> _Versions:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ConfigError([f"{self._path} cannot be read: {error.strerror}"]) from error
        with os.fdopen(handle, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & _OTHERS:
                raise ConfigError(
                    [f"{self._path} has mode {mode:04o}: others can read it; chmod 600 it"]
                )
            try:
                secrets: _Versions = json.load(file)
            except ValueError as error:
                raise ConfigError([f"{self._path} is not a secrets file"]) from error
        return secrets

    def _replace(self, secrets: _Versions) -> None:
        beside = self._path.with_suffix(".new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(beside, flags, _OWNER_ONLY), "w") as file:
                os.fchmod(file.fileno(), _OWNER_ONLY)  # a left-over may have another mode
                json.dump(secrets, file)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: {error}") from error


def _number(version: str) -> int:
    return int(version) if version.isdecimal() else 0
