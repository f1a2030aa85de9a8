"""Gemini's embeddings through google-genai; retries belong to the caller.

Source: wire and errors as measured with google-genai 3.4.0, which reads a count of tokens where an
answer has one; vectors below 3072 dimensions come without length one:
https://ai.google.dev/gemini-api/docs/embeddings (read 2026-11-26).
"""

import asyncio
from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

from shared.adapters.models.failures import STUMBLES
from shared.adapters.models.gemini_errors import refused
from shared.domain.errors import ContractBroken, UpstreamUnavailable
from shared.ports import Embedded

if TYPE_CHECKING:
    from google.genai import Client

_API_VERSION = "v1beta"  # the SDK's own default has changed between its versions
_AT_ONCE = 100  # texts a request
_TIMEOUT_S = 20.0
_DOCUMENT, _QUERY = "RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"
_NO_TEXT = "."  # the API refuses a text without one


class GeminiEmbedder:
    """One embedding model.

    Shape: `base_url` is for the wire simulator; None means Google's own address.
    """

    def __init__(
        self, model: str, dimension: int, api_key: str, *, base_url: str | None = None
    ) -> None:
        self.model = model
        self.dimension = dimension
        self._api_key = api_key
        self._base_url = base_url
        self._client: Client | None = None

    async def documents(self, texts: Sequence[str]) -> Embedded:
        """Embed texts, a hundred a request."""
        parts = [
            await self._embed(texts[start : start + _AT_ONCE], _DOCUMENT)
            for start in range(0, len(texts), _AT_ONCE)
        ]
        told = [part.tokens for part in parts if part.tokens is not None]
        tokens = sum(told) if len(told) == len(parts) else None
        return Embedded([vector for part in parts for vector in part.vectors], tokens)

    async def query(self, text: str) -> Embedded:
        """Embed a question as one."""
        return await self._embed([text], _QUERY)

    async def close(self) -> None:
        """Close the connections, if any were opened."""
        if self._client is not None:
            await self._client.aio.aclose()
            self._client = None

    async def _embed(self, texts: Sequence[str], task: str) -> Embedded:
        import httpx2
        from google.genai.errors import APIError
        from google.genai.types import EmbedContentConfig

        config = EmbedContentConfig(task_type=task, output_dimensionality=self.dimension)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                answer = await self._opened().aio.models.embed_content(
                    model=self.model,
                    contents=[text if text.strip() else _NO_TEXT for text in texts],
                    config=config,
                )
        except APIError as error:  # its own words may repeat the texts and the key
            raise refused(error, "embedding") from None
        except (httpx2.RequestError, TimeoutError) as error:
            raise UpstreamUnavailable(f"gemini: {type(error).__name__}") from None
        except STUMBLES as error:
            told = f"gemini: an answer of another shape ({type(error).__name__})"
            raise ContractBroken(told) from None
        vectors = [_normalised(found.values or []) for found in answer.embeddings or []]
        if [len(vector) for vector in vectors] != [self.dimension] * len(texts):
            raise ContractBroken(
                f"gemini: expected {len(texts)} vectors of {self.dimension} numbers, "
                f"found {[len(vector) for vector in vectors][:3]} of {len(vectors)}"
            )
        # a count of none is no count: nobody embeds a text of no tokens
        usage = answer.usage_metadata
        return Embedded(vectors, (usage.prompt_token_count or None) if usage else None)

    def _opened(self) -> "Client":
        if self._client is None:
            from google import genai
            from google.genai import types

            self._client = genai.Client(
                api_key=self._api_key,
                vertexai=False,
                http_options=types.HttpOptions(
                    api_version=_API_VERSION,
                    base_url=self._base_url,
                    timeout=round(_TIMEOUT_S * 1000),
                    retry_options=types.HttpRetryOptions(attempts=1),
                    # the key goes in a header of its own, which would follow to another host
                    async_client_args={"follow_redirects": False},
                ),
            )
        return self._client


def _normalised(values: Sequence[float]) -> list[float]:
    length = sqrt(sum(value * value for value in values))
    if length == 0:
        raise ContractBroken("gemini: a vector of zeros says nothing")
    return [value / length for value in values]
