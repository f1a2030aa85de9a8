"""OpenAI, or any server that speaks its chat completions, as a LanguageModel; nothing is retried.

Source: wire and errors as measured with openai 3.54.0;
temperature goes only with reasoning effort "none"
(https://developers.openai.com/api/docs/guides/latest-model, read 2026-11-26).
"""

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from shared.adapters.models.failures import (
    STUMBLES,
    harmless,
    refusal,
    unreadable,
    well_formed,
)
from shared.adapters.models.schema import plain_schema
from shared.adapters.models.trusted import trusted
from shared.domain.errors import ContractBroken, DaybiasError, RequestRejected, UpstreamUnavailable
from shared.ports import AnswerUnusable, ModelAnswer, ModelRequest, Usage

if TYPE_CHECKING:
    from openai import APIStatusError, AsyncOpenAI
    from openai.types.chat import ChatCompletion

Effort = Literal["none", "low", "medium", "high"]

_NO_KEY = "no-key"  # the SDK wants one; a server of one's own does not look at it
_CONNECT_S = 5.0
_SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class OpenAILanguageModel:
    """One model behind chat completions.

    Shape: `base_url` ends in /v1; None means OpenAI's own address. `provider` is openai, or local
    for a server of one's own, which is asked with the parameters that all of them know.
    `effort` is how much a reasoning model reasons; None for models that know no such parameter.
    """

    def __init__(
        self,
        model: str,
        api_key: str | None,
        *,
        base_url: str | None = None,
        provider: Literal["openai", "local"] = "openai",
        effort: Effort | None = None,
    ) -> None:
        self._model = model
        self._api_key = api_key or _NO_KEY
        self._base_url = base_url
        self._provider = provider
        self._effort = effort
        self._client: AsyncOpenAI | None = None

    @property
    def provider(self) -> str:
        """Short name for labels."""
        return self._provider

    async def generate(self, request: ModelRequest) -> ModelAnswer:
        """Ask once for JSON of the request's schema.

        Raises: as the port says.
        """
        from openai import APIConnectionError, APIStatusError

        try:
            async with asyncio.timeout(request.timeout_s):
                completion = await self._call(request)
            return self._answer(completion)
        except APIStatusError as error:
            raise self._refused(error, request) from None
        except (APIConnectionError, TimeoutError) as error:
            raise self._unreachable(error) from None
        except STUMBLES as error:  # not JSON, or JSON that is no answer
            raise self._strange(error) from None

    async def check(self, *, timeout_s: float) -> None:
        """Return if the key is accepted and the model is there.

        Raises: as the port says.
        """
        from openai import APIConnectionError, APIStatusError

        try:
            async with asyncio.timeout(timeout_s):
                listed = await self._opened().models.list(timeout=timeout_s)
            served = {str(model.id) for model in getattr(listed, "data", None) or ()}
        except APIStatusError as error:
            raise self._refused(error, None) from None
        except (APIConnectionError, TimeoutError) as error:
            raise self._unreachable(error) from None
        except STUMBLES as error:
            raise self._strange(error) from None
        if self._model not in served:
            raise RequestRejected(
                f"{self._provider}: there is no model {self._model!r} among {len(served)}",
                status=404,
            )

    async def _call(self, request: ModelRequest) -> "ChatCompletion":
        from openai import Timeout

        waits = Timeout(request.timeout_s, connect=min(_CONNECT_S, request.timeout_s))
        completion: ChatCompletion = await self._opened().chat.completions.create(
            model=self._model,
            messages=[
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.prompt},
            ],
            response_format={
                "type": "json_schema",
                "json_schema": {
                    "name": request.schema.__name__,
                    "strict": True,
                    "schema": plain_schema(request.schema),
                },
            },
            timeout=waits,
            **self._parameters(request),
        )
        return completion

    def _parameters(self, request: ModelRequest) -> dict[str, Any]:
        if self._provider == "local":
            return {
                "max_tokens": request.max_output_tokens,
                "temperature": request.temperature,
            }
        chosen: dict[str, Any] = {
            "max_completion_tokens": request.max_output_tokens,
            "store": False,  # what was asked is kept by us, under our retention
        }
        if self._effort is not None:
            chosen["reasoning_effort"] = self._effort
        if self._effort in {None, "none"}:
            chosen["temperature"] = request.temperature
        return chosen

    def _opened(self) -> "AsyncOpenAI":
        if self._client is None:
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient

            self._client = AsyncOpenAI(
                api_key=self._api_key,
                base_url=self._base_url,
                max_retries=0,
                # what was asked must not follow to another host
                http_client=DefaultAsyncHttpxClient(follow_redirects=False, verify=trusted()),
            )
        return self._client

    async def close(self) -> None:
        """Close the connections, if any were opened."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _answer(self, completion: "ChatCompletion") -> ModelAnswer:
        usage = getattr(completion, "usage", None)
        if usage is None:  # a page in place of JSON comes as a string
            raise ContractBroken(f"{self._provider}: an answer of another shape, without tokens")
        request_id = completion._request_id or completion.id or ""
        model = completion.model or self._model
        nothing = well_formed(ModelAnswer("", model, _usage(usage), request_id))
        if not completion.choices:
            raise self._unusable("no candidates", nothing)
        choice = completion.choices[0]
        text = choice.message.content or ""
        if fault := unreadable(text):
            raise self._unusable(fault, nothing)
        answer = well_formed(replace(nothing, text=text))
        if choice.message.refusal:
            raise self._unusable("refused", answer)
        if choice.finish_reason != "stop":
            raise self._unusable(f"ended with {choice.finish_reason}", answer)
        if not text:
            raise self._unusable("empty", answer)
        return answer

    def _unusable(self, how: str, answer: ModelAnswer) -> AnswerUnusable:
        return AnswerUnusable(f"{self._provider}: the answer is {how} {_told(answer)}", answer)

    def _refused(self, error: "APIStatusError", request: ModelRequest | None) -> DaybiasError:
        known = {str(error.code), str(error.type)}
        words = harmless(error.message, self._api_key, request)
        what = f"{self._provider}: {error.status_code} {error.code or error.type}: {words}"
        return refusal(
            error.status_code,
            f"{what} (request {error.request_id})" if error.request_id else what,
            spent=bool(known & _SPENT),
            retry_after_s=_retry_after_s(error.response.headers.get("retry-after")),
        )

    def _unreachable(self, error: Exception) -> UpstreamUnavailable:
        return UpstreamUnavailable(f"{self._provider}: {type(error).__name__}")

    def _strange(self, error: Exception) -> ContractBroken:
        kind = type(error).__name__
        return ContractBroken(f"{self._provider}: an answer of another shape ({kind})")


def _told(answer: ModelAnswer) -> str:
    return f"(request {answer.request_id})" if answer.request_id else "(no request id)"


def _usage(counted: Any) -> Usage:
    prompt, written = counted.prompt_tokens_details, counted.completion_tokens_details
    # reasoning is inside of what was completed; the port counts it apart
    thinking = (written.reasoning_tokens or 0) if written else 0
    return Usage(
        prompt=counted.prompt_tokens or 0,
        cached=(prompt.cached_tokens or 0) if prompt else 0,
        output=max(0, (counted.completion_tokens or 0) - thinking),
        thinking=thinking,
    )


def _retry_after_s(header: str | None) -> float | None:
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:  # a date: rare, and a wrong clock would make it worse than nothing
        return None
