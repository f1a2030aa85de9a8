"""Secrets in a dictionary."""

from shared.domain.errors import NotFound
from shared.ports import Secret


class MemorySecrets:
    """Versions count from 1, as in Secret Manager."""

    def __init__(self) -> None:
        self._versions: dict[str, list[bytes]] = {}

    async def get(self, name: str, version: str = "latest") -> Secret:
        versions = self._versions.get(name, [])
        number = (
            len(versions) if version == "latest" else int(version) if version.isdecimal() else 0
        )
        if not 1 <= number <= len(versions):
            raise NotFound(f"there is no version {version!r} of secret {name!r}")
        return Secret(name, str(number), versions[number - 1])

    async def add(self, name: str, value: bytes) -> Secret:
        versions = self._versions.setdefault(name, [])
        versions.append(value)
        return Secret(name, str(len(versions)), value)

    async def close(self) -> None:
        """Nothing is open."""
