"""The client of google-genai that every adapter of Gemini asks through, and how it is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from shared.adapters.models.failures import STUMBLES
from shared.adapters.models.gemini_errors import refused
from shared.adapters.models.trusted import trusted
from shared.domain.errors import ContractBroken, UpstreamUnavailable

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.errors import APIError
    from google.genai.types import HttpOptions

_API_VERSION = "v1beta"  # the SDK's own default has changed between its versions


class GeminiClient:
    """The SDK's client, made at first use.

    Shape: `base_url` is for the wire simulator; None means Google's own address.
    """

    def __init__(self, api_key: str, base_url: str | None) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._made: Client | None = None

    @property
    def made(self) -> "Client":
        """Give the client, which asks once: retries belong to the caller."""
        if self._made is None:
            from google import genai
            from google.genai import types

            self._made = genai.Client(
                api_key=self._api_key,
                vertexai=False,
                http_options=types.HttpOptions(
                    api_version=_API_VERSION,
                    base_url=self._base_url,
                    retry_options=types.HttpRetryOptions(attempts=1),
                    client_args={"verify": trusted()},
                    # the key goes in a header of its own, which would follow to another host
                    async_client_args={"follow_redirects": False, "verify": trusted()},
                ),
            )
        return self._made

    async def close(self) -> None:
        """Close the connections, if any were opened."""
        if self._made is not None:
            await self._made.aio.aclose()
            self._made = None


def waits(timeout_s: float) -> "HttpOptions":
    """Tell the SDK, and through it Google, how long an answer is waited for."""
    from google.genai.types import HttpOptions

    return HttpOptions(timeout=max(1, round(timeout_s * 1000)))


@asynccontextmanager
async def asking(timeout_s: float, words: "Callable[[APIError], str]") -> AsyncIterator[None]:
    """Let a question fail as the ports say; `words` picks what may be told of a refusal.

    Raises: RateLimited, QuotaSpent, UpstreamUnavailable, AuthRejected, RequestRejected,
    ContractBroken.
    """
    import httpx2
    from google.genai.errors import APIError

    try:
        async with asyncio.timeout(timeout_s):
            yield
    except APIError as error:
        raise refused(error, words(error)) from None
    except (httpx2.RequestError, TimeoutError) as error:
        raise UpstreamUnavailable(f"gemini: {type(error).__name__}") from None
    except STUMBLES as error:  # not JSON, or JSON that is no answer
        told = f"gemini: an answer of another shape ({type(error).__name__})"
        raise ContractBroken(told) from None
