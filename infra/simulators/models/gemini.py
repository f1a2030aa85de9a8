"""The wire of Gemini's generateContent: a pure state machine over a script of answers and faults.

Source: the shapes measured with google-genai 3.4.0; of a
spent day's quota https://github.com/google-gemini/gemini-cli/issues/8437 (read 2026-11-26).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from infra.simulators.models.script import Asked, Failed, Finish, Mute, Outcome, Page, Stage, tokens
from infra.simulators.models.wire import Json, Reply

_PATH = re.compile(r"/(?:v1|v1beta)/models/([A-Za-z0-9.\-]+)(:generateContent)?")
_TYPE = "type.googleapis.com/google.rpc."
_FIELDS = frozenset({"contents", "systemInstruction", "generationConfig", "safetySettings"})
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_FINISH = {Finish.DONE: "STOP", Finish.TOO_LONG: "MAX_TOKENS", Finish.FILTERED: "SAFETY"}
_THOUGHTS = 8


@dataclass
class GeminiSimulator(Stage):
    """Answers generateContent by its script, and tells of its models."""

    models: frozenset[str] = frozenset({"gemini-3.5-flash"})

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one HTTP request."""
        match = _PATH.fullmatch(path.partition("?")[0])
        if match is None or (method == "POST") != (match.group(2) is not None):
            return _error(404, "Not Found")
        if headers.get("x-goog-api-key") != self.key:
            return _bad_key(headers.get("x-goog-api-key", ""))
        model = match.group(1)
        if model not in self.models:
            return _error(404, f"models/{model} is not found for API version v1beta")
        if method == "GET":
            return _reply({"name": f"models/{model}", "inputTokenLimit": 1_048_576})
        request = json.loads(body)
        fault = _fault_in(request)
        if fault:
            return _error(400, fault)
        asked = Asked(_text(request.get("systemInstruction")), _text(request["contents"][-1]))
        return _on_the_wire(self.perform(request, asked), asked, model)


def _fault_in(request: Json) -> str | None:
    unknown = request.keys() - _FIELDS
    if unknown:
        return f'Invalid JSON payload received. Unknown name "{min(unknown)}"'
    if not request.get("contents"):
        return "contents is not specified"
    config = request.get("generationConfig", {})
    if "responseJsonSchema" in config and config.get("responseMimeType") != "application/json":
        return "responseJsonSchema requires responseMimeType application/json"
    return None


def _text(content: Json | None) -> str:
    return "".join(part.get("text", "") for part in (content or {}).get("parts", []))


def _on_the_wire(outcome: Outcome, asked: Asked, model: str) -> Reply:
    delay_s, cut = outcome.delay_s, outcome.cut
    match outcome.what:
        case Page() as page:
            return page.reply(delay_s)
        case Failed() as failed:
            return _failure(failed, asked, delay_s)
        case Mute.REFUSED:
            blocked = {"promptFeedback": {"blockReason": "SAFETY"}}
            return _reply(blocked | _footer(asked, "", model), delay_s)
        case Mute.NOTHING:
            return _reply({"candidates": []} | _footer(asked, "", model), delay_s)
        case said:
            content = {"role": "model", "parts": [{"text": said.text}]}
            candidate = {"index": 0, "content": content, "finishReason": _FINISH[said.finish]}
            whole = _reply({"candidates": [candidate]} | _footer(asked, said.text, model))
            return Reply(200, whole.body, delay_s=delay_s, cut=cut)


def _footer(asked: Asked, text: str, model: str) -> Json:
    prompt, output = tokens(asked.system, asked.prompt), tokens(text)
    usage = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "thoughtsTokenCount": _THOUGHTS,
        "totalTokenCount": prompt + output + _THOUGHTS,
    }
    return {"usageMetadata": usage, "modelVersion": model, "responseId": "simulated-response"}


def _reply(body: Json, delay_s: float = 0.0, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), delay_s=delay_s)


def _failure(failed: Failed, asked: Asked, delay_s: float) -> Reply:
    details: list[Json] = []
    if failed.quota:
        quota_id = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
        details.append({"@type": f"{_TYPE}QuotaFailure", "violations": [{"quotaId": quota_id}]})
    if failed.retry_after_s is not None:
        delay = f"{failed.retry_after_s:g}s"
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": delay})
    # as its JSON parser does, it repeats what it could not take
    message = f"simulated {failed.status} at 'contents[0].parts[0].text', \"{asked.prompt}\""
    return _error(failed.status, message, details, delay_s)


def _error(
    status: int, message: str, details: list[Json] | None = None, delay_s: float = 0.0
) -> Reply:
    told: Json = {"code": status, "message": message, "status": _STATUS[status]}
    if details:
        told["details"] = details
    return _reply({"error": told}, delay_s, status)


def _bad_key(key: str) -> Reply:
    detail = {"@type": f"{_TYPE}ErrorInfo", "reason": "API_KEY_INVALID"}
    return _error(400, f"API key not valid: {key}. Please pass a valid API key.", [detail])
