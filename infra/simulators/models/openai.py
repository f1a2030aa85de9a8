"""The wire of OpenAI's chat completions: a pure state machine over a script of answers and faults.

Source: the shapes measured with openai 3.54.0.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra.simulators.models.script import Asked, Failed, Finish, Mute, Outcome, Page, Stage, tokens
from infra.simulators.models.wire import Json, Reply

_CHAT, _MODELS = "/v1/chat/completions", "/v1/models"
_COMMON = frozenset({"model", "messages", "temperature", "response_format"})
_HERE = frozenset({"max_completion_tokens", "reasoning_effort", "store"})
_ELSEWHERE = frozenset({"max_tokens"})  # what compatible servers call the limit
_FINISH = {Finish.DONE: "stop", Finish.TOO_LONG: "length", Finish.FILTERED: "content_filter"}
_KIND = {
    400: ("invalid_request_error", "invalid_value"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("server_error", None),
}
_REQUEST_ID = {"x-request-id": "req_simulated"}
_REASONING = 8


@dataclass
class OpenAISimulator(Stage):
    """Answers chat completions by its script, and tells of its models.

    Shape: `compatible` makes it another maker's server that speaks the same wire, with fewer
    parameters and no key.
    """

    models: frozenset[str] = frozenset({"gpt-5.4-mini"})
    compatible: bool = field(default=False, kw_only=True)

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one HTTP request."""
        path = path.partition("?")[0]
        key = headers.get("authorization", "").removeprefix("Bearer ")
        if not self.compatible and key != self.key:
            return _error(401, f"Incorrect API key provided: {key}.")
        if (method, path) == ("GET", _MODELS):
            return _reply({"object": "list", "data": [_model(m) for m in sorted(self.models)]})
        if (method, path) != ("POST", _CHAT):
            return _error(404, f"Invalid URL ({method} {path})")
        return self._complete(json.loads(body))

    def _complete(self, request: Json) -> Reply:
        model = request["model"]
        if model not in self.models:
            return _error(404, f"The model `{model}` does not exist")
        fault = self._fault_in(request)
        if fault:
            return _error(400, fault)
        asked = Asked(_text(request, "system"), _text(request, "user"))
        return _on_the_wire(self.perform(request, asked), asked, model)

    def _fault_in(self, request: Json) -> str | None:
        unknown = request.keys() - _COMMON - (_ELSEWHERE if self.compatible else _HERE)
        if unknown:
            return f"Unsupported parameter: '{min(unknown)}'"
        if request.get("reasoning_effort", "none") != "none" and "temperature" in request:
            return "Unsupported value: 'temperature' does not support this with reasoning"
        wanted = request.get("response_format", {}).get("json_schema", {})
        return next(_faults_of(wanted.get("schema", {})), None) if wanted.get("strict") else None


def _faults_of(schema: Json) -> Iterator[str]:
    """Hold a strict schema to its rules."""
    if "properties" in schema:
        if schema.get("additionalProperties") is not False:
            yield "Invalid schema: 'additionalProperties' is required to be supplied and false"
        if sorted(schema.get("required", [])) != sorted(schema["properties"]):
            yield "Invalid schema: 'required' must include every key in properties"
    nested = [*schema.get("properties", {}).values(), *schema.get("anyOf", []), schema.get("items")]
    for inner in nested:
        yield from _faults_of(inner) if inner else ()


def _text(request: Json, role: str) -> str:
    return "".join(m["content"] for m in request["messages"] if m["role"] == role)


def _on_the_wire(outcome: Outcome, asked: Asked, model: str) -> Reply:
    delay_s, cut = outcome.delay_s, outcome.cut
    match outcome.what:
        case Page() as page:
            return page.reply(delay_s)
        case Failed() as failed:
            return _failure(failed, asked, delay_s)
        case Mute.REFUSED:
            message = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            return _reply(_completion(asked, choices, "", model), delay_s)
        case Mute.NOTHING:
            return _reply(_completion(asked, [], "", model), delay_s)
        case said:
            message = {"role": "assistant", "content": said.text, "refusal": None}
            choices = [{"index": 0, "message": message, "finish_reason": _FINISH[said.finish]}]
            whole = _reply(_completion(asked, choices, said.text, model))
            return Reply(200, whole.body, headers=_REQUEST_ID, delay_s=delay_s, cut=cut)


def _completion(asked: Asked, choices: list[Json], text: str, model: str) -> Json:
    prompt, output = tokens(asked.system, asked.prompt), tokens(text) + _REASONING
    return {
        "id": "chatcmpl-simulated",
        "object": "chat.completion",
        "created": 1_795_600_000,
        "model": model,
        "choices": choices,
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": output,
            "total_tokens": prompt + output,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": _REASONING},
        },
    }


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": 1_795_600_000, "owned_by": "simulated"}


def _reply(body: Json, delay_s: float = 0.0, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), headers=_REQUEST_ID, delay_s=delay_s)


def _failure(failed: Failed, asked: Asked, delay_s: float) -> Reply:
    # a worst case: the message repeats what was asked
    message = f"simulated {failed.status}: {asked.prompt}"
    kind = ("insufficient_quota", "insufficient_quota") if failed.quota else None
    reply = _error(failed.status, message, kind, delay_s)
    if failed.retry_after_s is None:
        return reply
    waits = {"retry-after": f"{failed.retry_after_s:g}"}
    return Reply(reply.status, reply.body, headers=_REQUEST_ID | waits, delay_s=delay_s)


def _error(
    status: int, message: str, kind: tuple[str, str] | None = None, delay_s: float = 0.0
) -> Reply:
    sort, code = kind or _KIND[status]
    told = {"message": message, "type": sort, "param": None, "code": code}
    return _reply({"error": told}, delay_s, status)
