"""Gemini's embeddings through google-genai; retries belong to the caller.

Source: wire and errors as measured with google-genai 3.4.0, which reads a count of tokens where an
answer has one; vectors below 3072 dimensions come without length one:
https://ai.google.dev/gemini-api/docs/embeddings (read 2026-11-26).
"""

from collections.abc import Sequence
from math import sqrt

from shared.adapters.models.gemini_client import GeminiClient, asking, waits
from shared.domain.errors import ContractBroken
from shared.ports import Embedded

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
        self._client = GeminiClient(api_key, base_url)

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
        await self._client.close()

    async def _embed(self, texts: Sequence[str], task: str) -> Embedded:
        from google.genai.types import EmbedContentConfig

        config = EmbedContentConfig(
            task_type=task,
            output_dimensionality=self.dimension,
            http_options=waits(_TIMEOUT_S),
        )
        # a refusal's own words may repeat the texts and the key
        async with asking(_TIMEOUT_S, lambda _: "embedding"):
            answer = await self._client.made.aio.models.embed_content(
                model=self.model,
                contents=[text if text.strip() else _NO_TEXT for text in texts],
                config=config,
            )
        vectors = [_normalised(found.values or []) for found in answer.embeddings or []]
        if [len(vector) for vector in vectors] != [self.dimension] * len(texts):
            raise ContractBroken(
                f"gemini: expected {len(texts)} vectors of {self.dimension} numbers, "
                f"found {[len(vector) for vector in vectors][:3]} of {len(vectors)}"
            )
        # a count of none is no count: nobody embeds a text of no tokens
        usage = answer.usage_metadata
        return Embedded(vectors, (usage.prompt_token_count or None) if usage else None)


def _normalised(values: Sequence[float]) -> list[float]:
    length = sqrt(sum(value * value for value in values))
    if length == 0:
        raise ContractBroken("gemini: a vector of zeros says nothing")
    return [value / length for value in values]
