"""Gemini as a LanguageModel, through google-genai; retries belong to the caller.

Source: wire and errors as measured with google-genai 3.4.0;
thinking https://ai.google.dev/gemini-api/docs/thinking, safety settings
https://ai.google.dev/gemini-api/docs/safety-settings (read 2026-11-26).
"""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.adapters.models.failures import harmless, unreadable, well_formed
from shared.adapters.models.gemini_client import GeminiClient, asking, waits
from shared.adapters.models.schema import plain_schema
from shared.domain.errors import ContractBroken
from shared.ports import AnswerUnusable, ModelAnswer, ModelRequest, Usage

if TYPE_CHECKING:
    from google.genai.errors import APIError
    from google.genai.types import GenerateContentConfig, GenerateContentResponse

# News of wars and crimes is our ordinary material: only what is surely harmful is blocked.
_HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")


class GeminiLanguageModel:
    """One Gemini model.

    Shape: `base_url` is for the wire simulator; None means Google's own address.
    Units: `thinking_budget` tokens, on top of the answer's own; 0 none, None the model's default.
    """

    provider = "gemini"

    def __init__(
        self,
        model: str,
        api_key: str,
        *,
        base_url: str | None = None,
        thinking_budget: int | None = None,
    ) -> None:
        self._model = model
        self._api_key = api_key
        self._thinking_budget = thinking_budget
        self._client = GeminiClient(api_key, base_url)

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask once for JSON of the request's schema.

        Raises: as the port says.
        """
        async with asking(request.timeout_s, partial(self._told, request)):
            return self._answer(
                await self._client.made.aio.models.generate_content(
                    model=self._model, contents=request.prompt, config=self._config(request)
                )
            )

    async def check(self, *, timeout_s: float) -> None:
        """Return if the key is accepted and the model is there.

        Raises: as the port says.
        """
        from google.genai.types import GetModelConfig

        config = GetModelConfig(http_options=waits(timeout_s))
        async with asking(timeout_s, partial(self._told, None)):
            await self._client.made.aio.models.get(model=self._model, config=config)

    def _config(self, request: ModelRequest) -> "GenerateContentConfig":
        from google.genai import types

        budget = self._thinking_budget
        return types.GenerateContentConfig(
            system_instruction=request.system,
            temperature=request.temperature,
            # the limit holds thoughts and answer together
            max_output_tokens=request.max_output_tokens + max(0, budget or 0),
            thinking_config=None
            if budget is None
            else types.ThinkingConfig(thinking_budget=budget),
            safety_settings=[
                types.SafetySetting(
                    category=types.HarmCategory(f"HARM_CATEGORY_{harm}"),
                    threshold=types.HarmBlockThreshold.BLOCK_ONLY_HIGH,
                )
                for harm in _HARMS
            ],
            response_mime_type="application/json",
            response_json_schema=plain_schema(request.schema),
            http_options=waits(request.timeout_s),
        )

    async def close(self) -> None:
        """Close the connections, if any were opened."""
        await self._client.close()

    def _answer(self, response: "GenerateContentResponse") -> ModelAnswer:
        usage, model = _usage(response), response.model_version or self._model
        request_id = response.response_id or ""
        nothing = well_formed(ModelAnswer("", model, usage, request_id))
        if not response.candidates:
            feedback = response.prompt_feedback
            reason = _word(feedback.block_reason if feedback else None)
            raise _unusable(f"blocked ({reason})" if reason else "no candidates", nothing)
        candidate = response.candidates[0]
        parts = (candidate.content.parts if candidate.content else None) or ()
        text = "".join(part.text or "" for part in parts if not part.thought)
        if fault := unreadable(text):
            raise _unusable(fault, nothing)
        answer = replace(nothing, text=text)
        finish = _word(candidate.finish_reason)
        if finish != "STOP":
            raise _unusable(f"ended with {finish or 'no reason'}", answer)
        if not text:
            raise _unusable("empty", answer)
        if response.usage_metadata is None:
            raise ContractBroken("gemini: an answer without token counts has no known cost")
        return answer

    def _told(self, request: ModelRequest | None, error: "APIError") -> str:
        return harmless(str(error.message), self._api_key, request)


def _unusable(how: str, answer: ModelAnswer) -> AnswerUnusable:
    told = f"(request {answer.request_id})" if answer.request_id else "(no request id)"
    return AnswerUnusable(f"gemini: the answer is {how} {told}", answer)


def _word(value: Any) -> str:
    return str(getattr(value, "value", value) or "")


def _usage(response: "GenerateContentResponse") -> Usage:
    counted = response.usage_metadata
    if counted is None:
        return Usage()
    return Usage(
        prompt=counted.prompt_token_count or 0,
        cached=counted.cached_content_token_count or 0,
        output=counted.candidates_token_count or 0,
        thinking=counted.thoughts_token_count or 0,
    )
