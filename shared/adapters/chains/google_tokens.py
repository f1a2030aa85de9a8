"""Access tokens of the service account that a function runs as."""

import asyncio
from typing import TYPE_CHECKING

from google.auth import exceptions

from shared.domain.errors import ConfigError, StoreUnavailable

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


class GoogleTokens:
    """Application default credentials; a token is used until it is about to run out."""

    def __init__(self) -> None:
        self._credentials: Credentials | None = None
        self._refreshing = asyncio.Lock()

    async def bearer(self) -> str:
        """Give a token, renewed where it must be."""
        async with self._refreshing:
            try:
                return await asyncio.to_thread(self._token)
            except exceptions.DefaultCredentialsError as error:
                raise ConfigError(["Google's application default credentials: none"]) from error
            except exceptions.GoogleAuthError as error:
                raise StoreUnavailable(f"a Google token: {type(error).__name__}") from error

    def _token(self) -> str:
        import google.auth
        from google.auth.transport.requests import Request

        if self._credentials is None:
            self._credentials, _ = google.auth.default(scopes=[_SCOPE])
        if not self._credentials.valid:
            self._credentials.refresh(Request())  # type: ignore[no-untyped-call]  # untyped library
        return str(self._credentials.token)
