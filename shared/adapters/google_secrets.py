"""Secrets in Secret Manager."""

from typing import TYPE_CHECKING

import google_crc32c
from google.api_core import exceptions as google

from shared.adapters.google_errors import TIMEOUT_S, patience, translated
from shared.domain.errors import NotFound, StoreUnavailable
from shared.ports import Clock, Secret

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceAsyncClient

_LATEST_TTL_S = 300.0  # how long another instance's new version may go unseen


class GoogleSecrets:
    """Secrets of one project.

    A numbered version never changes and is kept for good; which one is the latest is asked again
    after `_LATEST_TTL_S` seconds.
    """

    def __init__(
        self,
        project: str,
        clock: Clock,
        client: "SecretManagerServiceAsyncClient | None" = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._project = project
        self._clock = clock
        self._made = client
        self._patience = patience(timeout_s)
        self._versions: dict[tuple[str, str], Secret] = {}
        self._latest: dict[str, tuple[float, Secret]] = {}

    @property
    def _client(self) -> "SecretManagerServiceAsyncClient":
        if self._made is None:
            from google.cloud.secretmanager_v1 import SecretManagerServiceAsyncClient

            self._made = SecretManagerServiceAsyncClient()
        return self._made

    async def get(self, name: str, version: str = "latest") -> Secret:
        """Read one version, from memory where that cannot be wrong."""
        if version != "latest":
            return self._versions.get((name, version)) or await self._access(name, version)
        expires, found = self._latest.get(name, (0.0, None))
        if found is not None and self._clock.monotonic() < expires:
            return found
        return self._remember_latest(await self._access(name, "latest"))

    def _remember_latest(self, secret: Secret) -> Secret:
        self._latest[secret.name] = (self._clock.monotonic() + _LATEST_TTL_S, secret)
        return secret

    async def _access(self, name: str, version: str) -> Secret:
        path = f"{self._parent}/secrets/{name}/versions/{version}"
        with translated(f"secret {name}"):
            try:
                answer = await self._client.access_secret_version(name=path, **self._patience)
            except (google.NotFound, google.InvalidArgument, google.FailedPrecondition) as error:
                # unknown, no version number, or a version that was disabled or destroyed
                raise NotFound(f"there is no version {version!r} of secret {name!r}") from error
        value = bytes(answer.payload.data)
        if answer.payload.data_crc32c != google_crc32c.value(value):
            raise StoreUnavailable(f"secret {name}: the value was damaged on the way")
        return self._remember(name, answer.name, value)

    def _remember(self, name: str, path: str, value: bytes) -> Secret:
        secret = Secret(name, path.rpartition("/")[2], value)
        self._versions[name, secret.version] = secret
        return secret

    async def add(self, name: str, value: bytes) -> Secret:
        """Add a version; the secret itself is made where Terraform has not."""
        with translated(f"secret {name}"):
            try:
                path = await self._add_version(name, value)
            except google.NotFound:
                await self._create(name)
                path = await self._add_version(name, value)
        return self._remember_latest(self._remember(name, path, value))

    async def _add_version(self, name: str, value: bytes) -> str:
        answer = await self._client.add_secret_version(
            request={
                "parent": f"{self._parent}/secrets/{name}",
                "payload": {"data": value, "data_crc32c": google_crc32c.value(value)},
            },
            **self._patience,
        )
        return str(answer.name)

    async def _create(self, name: str) -> None:
        try:
            await self._client.create_secret(
                request={
                    "parent": self._parent,
                    "secret_id": name,
                    "secret": {"replication": {"automatic": {}}},
                },
                **self._patience,
            )
        except google.Conflict:  # another instance was faster; over REST it is the parent class
            return

    @property
    def _parent(self) -> str:
        return f"projects/{self._project}"

    async def close(self) -> None:
        """Close the channel."""
        if self._made is not None:
            made, self._made = self._made, None
            await made.transport.close()  # type: ignore[no-untyped-call]  # untyped library
