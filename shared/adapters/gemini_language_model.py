"""Gemini as a LanguageModel, through google-genai; retries belong to the caller."""

import asyncio
import re
from typing import TYPE_CHECKING, Any

from shared.domain.errors import (
    AuthRejected,
    ContractBroken,
    DaybiasError,
    RateLimited,
    RequestRejected,
    UpstreamUnavailable,
)
from shared.ports import ModelAnswer, ModelRequest, Usage

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.errors import APIError
    from google.genai.types import GenerateContentResponse
    from pydantic import BaseModel

_API_VERSION = "v1beta"  # the SDK's own default has changed between its versions
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
_MESSAGE_CHARACTERS = 200
_DROPPED = frozenset({"title", "default", "description"})


class GeminiLanguageModel:
    """One Gemini model.

    Shape: `base_url` is for the wire simulator; None means Google's own address.
    """

    provider = "gemini"

    def __init__(self, model: str, api_key: str, *, base_url: str | None = None) -> None:
        self._model = model
        self._api_key = api_key
        self._base_url = base_url
        self._client: Client | None = None

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask once for JSON of the request's schema.

        Raises: RateLimited, UpstreamUnavailable, AuthRejected, RequestRejected, ContractBroken.
        """
        import httpx2
        from google.genai.errors import APIError

        try:
            async with asyncio.timeout(request.timeout_s):
                response = await self._call(request)
        except APIError as error:
            raise _translated(error) from error
        except (httpx2.TransportError, TimeoutError) as error:
            raise UpstreamUnavailable(f"gemini: {type(error).__name__}") from error
        except ValueError as error:  # not JSON, or JSON that is no answer
            raise ContractBroken(f"gemini: an answer of another shape: {error!r:.200}") from error
        return _answer(response, self._model)

    async def _call(self, request: ModelRequest) -> "GenerateContentResponse":
        from google.genai import types

        return await self._opened().aio.models.generate_content(
            model=self._model,
            contents=request.prompt,
            config=types.GenerateContentConfig(
                system_instruction=request.system,
                temperature=request.temperature,
                max_output_tokens=request.max_output_tokens,
                response_mime_type="application/json",
                response_json_schema=plain_schema(request.schema),
                http_options=types.HttpOptions(timeout=max(1, round(request.timeout_s * 1000))),
            ),
        )

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
                    retry_options=types.HttpRetryOptions(attempts=1),
                ),
            )
        return self._client

    async def close(self) -> None:
        """Close the connections, if any were opened."""
        if self._client is not None:
            await self._client.aio.aclose()
            self._client = None


def plain_schema(model: "type[BaseModel]") -> dict[str, Any]:
    """Render a pydantic model as the JSON Schema that providers take.

    Shape: references inlined, no titles and defaults, every property required, none besides.
    """
    schema = model.model_json_schema()
    plain: dict[str, Any] = _inlined(schema, schema.get("$defs", {}))
    return plain


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    plain = {k: _inlined(v, definitions) for k, v in node.items() if k not in _DROPPED | {"$defs"}}
    if "properties" in node:  # a property may be named like a keyword that is dropped
        plain["properties"] = {
            name: _inlined(value, definitions) for name, value in node["properties"].items()
        }
        plain["required"] = list(node["properties"])
        plain["additionalProperties"] = False
    return plain


def _answer(response: "GenerateContentResponse", model: str) -> ModelAnswer:
    if not response.candidates:
        feedback = response.prompt_feedback
        reason = feedback.block_reason if feedback else None
        raise ContractBroken(f"gemini: no answer ({_word(reason) or 'no candidates'})")
    finish = _word(response.candidates[0].finish_reason)
    if finish != "STOP":
        raise ContractBroken(f"gemini: the answer ended with {finish or 'no reason'}")
    text = response.text
    if not text:
        raise ContractBroken("gemini: the answer is empty")
    return ModelAnswer(text, response.model_version or model, _usage(response))


def _word(value: Any) -> str:
    return str(getattr(value, "value", value) or "")


def _usage(response: "GenerateContentResponse") -> Usage:
    counted = response.usage_metadata
    if counted is None:
        raise ContractBroken("gemini: an answer without token counts has no known cost")
    return Usage(
        prompt=counted.prompt_token_count or 0,
        cached=counted.cached_content_token_count or 0,
        output=counted.candidates_token_count or 0,
        thinking=counted.thoughts_token_count or 0,
    )


def _translated(error: "APIError") -> DaybiasError:
    message = f"gemini: {error.code} {error.status}: {error.message!s:.{_MESSAGE_CHARACTERS}}"
    details = _details(error)
    bad_key = any(d.get("reason") == "API_KEY_INVALID" for d in details)
    if error.code in {401, 403} or bad_key:
        return AuthRejected(message)
    if error.code == 429:
        return RateLimited(message, retry_after_s=_retry_after_s(details))
    if error.code >= 500:
        return UpstreamUnavailable(message)
    return RequestRejected(message, status=error.code)


def _details(error: "APIError") -> list[dict[str, Any]]:
    body = error.details if isinstance(error.details, dict) else {}
    inner = body.get("error", body)
    found = inner.get("details", []) if isinstance(inner, dict) else []
    return [d for d in found if isinstance(d, dict)] if isinstance(found, list) else []


def _retry_after_s(details: list[dict[str, Any]]) -> float | None:
    delay = next((d.get("retryDelay") for d in details if d.get("@type") == _RETRY_INFO), None)
    match = _SECONDS.fullmatch(str(delay))
    return float(match.group(1)) if match else None
