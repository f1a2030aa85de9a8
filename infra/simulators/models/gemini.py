"""The wire of Gemini's generateContent: a pure state machine over a script of answers and faults.

Source: the shapes measured with google-genai 3.4.0 (shared/llm.md of the project's notes).
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_PATH = re.compile(r"/(?:v1|v1beta)/models/([A-Za-z0-9.\-]+):generateContent")
_VALUE_LINE = re.compile(r"^([a-z][a-z0-9_]*): ([+-]?\d[\d.]*)[^|\n]* \((\w+)", re.MULTILINE)
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "BAD_GATEWAY",
    503: "UNAVAILABLE",
}

Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What goes over the wire; `delay_s` passes before the first byte."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=UTF-8"
    delay_s: float = 0.0


Scripted = Callable[[Json], Reply]


@dataclass
class GeminiSimulator:
    """Answers each request with the next line of the script, then with `otherwise`.

    Shape: `requests` keeps every body that was understood.
    """

    key: str = "simulated-key"
    models: frozenset[str] = frozenset({"gemini-3.5-flash"})
    script: list[Scripted] = field(default_factory=list)
    otherwise: Scripted = field(default_factory=lambda: author)
    requests: list[Json] = field(default_factory=list)

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one HTTP request."""
        match = _PATH.fullmatch(path.partition("?")[0])
        if method != "POST" or match is None:
            return error(404, "Not Found")
        if headers.get("x-goog-api-key") != self.key:
            return _bad_key()
        if match.group(1) not in self.models:
            return error(404, f"models/{match.group(1)} is not found")
        request = json.loads(body)
        fault = _fault_in(request)
        if fault:
            return error(400, fault)
        self.requests.append(request)
        return (self.script.pop(0) if self.script else self.otherwise)(request)


def _fault_in(request: Json) -> str | None:
    unknown = request.keys() - {"contents", "systemInstruction", "generationConfig"}
    if unknown:
        return f'Invalid JSON payload received. Unknown name "{min(unknown)}"'
    if not request.get("contents"):
        return "contents is not specified"
    config = request.get("generationConfig", {})
    if "responseJsonSchema" in config and config.get("responseMimeType") != "application/json":
        return "responseJsonSchema requires responseMimeType application/json"
    return None


def says(answer: Any, *, finish: str = "STOP", delay_s: float = 0.0) -> Scripted:
    """Script an answer: a JSON value, or a text as it is."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return lambda request: _ok(request, text, finish=finish, delay_s=delay_s)


def fails(status: int, *, retry_after_s: float | None = None, html: bool = False) -> Scripted:
    """Script an error of the API, or of a proxy before it (`html`)."""
    if html:
        page = f"<html><body>Error {status}</body></html>".encode()
        return lambda _: Reply(status, page, content_type="text/html")
    return lambda _: error(status, f"simulated {status}", retry_after_s=retry_after_s)


def blocked(request: Json) -> Reply:
    """Refuse the prompt for safety: 200 without candidates."""
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": _usage(request, "")}
    return Reply(200, json.dumps(body).encode())


def empty(request: Json) -> Reply:
    """Answer without candidates and without a word why."""
    return Reply(200, json.dumps({"candidates": [], "usageMetadata": _usage(request, "")}).encode())


def author(request: Json) -> Reply:
    """Write a short draft that is grounded in the first number of the prompt."""
    prompt = request["contents"][-1]["parts"][0]["text"]
    name, number, _ = next(iter(_VALUE_LINE.findall(prompt)), ("", "", ""))
    sign = 0.0 if not name else float(number)
    relation = "positive" if sign > 0 else "negative"
    lean = re.search(r"^label: (\w+) ", prompt, re.MULTILINE)
    draft = {
        "headline": f"Simulated model: {{{name}}} stands out",
        "findings": [f"The reading to look at is {{{name}}}."],
        "risks": [],
        "claims": [{"feature": name, "relation": relation, "other": None}],
        "lean": lean.group(1) if lean else None,
    }
    return _ok(request, json.dumps(draft))


def error(status: int, message: str, *, retry_after_s: float | None = None) -> Reply:
    """Render an error as the API does."""
    details = []
    if retry_after_s is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        details.append({"@type": kind, "retryDelay": f"{retry_after_s:g}s"})
    body = {"error": {"code": status, "message": message, "status": _STATUS[status]}}
    if details:
        body["error"]["details"] = details
    return Reply(status, json.dumps(body).encode())


def _bad_key() -> Reply:
    reply = json.loads(error(400, "API key not valid. Please pass a valid API key.").body)
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    reply["error"]["details"] = [{"@type": kind, "reason": "API_KEY_INVALID"}]
    return Reply(400, json.dumps(reply).encode())


def _ok(request: Json, text: str, *, finish: str = "STOP", delay_s: float = 0.0) -> Reply:
    content = {"role": "model", "parts": [{"text": text}]}
    body = {
        "candidates": [{"index": 0, "content": content, "finishReason": finish}],
        "usageMetadata": _usage(request, text),
        "modelVersion": "gemini-3.5-flash",
        "responseId": "simulated",
    }
    return Reply(200, json.dumps(body).encode(), delay_s=delay_s)


def _usage(request: Json, text: str) -> Json:
    # four characters a token is close enough for a simulator, and stable
    prompt, output = len(json.dumps(request)) // 4, len(text) // 4
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": output,
        "thoughtsTokenCount": 8,
        "totalTokenCount": prompt + output + 8,
    }
