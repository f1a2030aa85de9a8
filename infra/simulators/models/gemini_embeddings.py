"""The wire of Gemini's batchEmbedContents, in front of that of generateContent.

Source: the shapes measured with google-genai 3.4.0. That SDK
reads `usageMetadata` of an answer; whether the service sends it is not known.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from zlib import crc32

from infra.simulators.models.gemini import GeminiSimulator
from infra.simulators.models.wire import Json, Reply

MODEL = "gemini-embedding-001"
_ASK, _GENERATE = ":batchEmbedContents", ":generateContent"
_AT_MOST, _FULL = 100, 3072
_UNSCALED = 0.7  # below the full dimension vectors come as they were cut, not of length one


@dataclass
class WithEmbeddings:
    """Embeds texts by their words; key, models and script are Gemini's own.

    Shape: `asked` keeps every request for embeddings that was understood; `tokens_a_word` is told
    as usage, None tells no usage.
    """

    gemini: GeminiSimulator
    tokens_a_word: int | None = None
    asked: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gemini.models |= {MODEL}

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if not path.partition("?")[0].endswith(_ASK):
            return self.gemini.respond(method, path, headers, body)
        requests = json.loads(body).get("requests", [])
        texts = ["".join(p.get("text", "") for p in r["content"]["parts"]) for r in requests]
        fine = texts and len(texts) <= _AT_MOST and all(map(str.strip, texts))
        # what goes wrong is answered as for a question: no contents is a bad request
        question: Json = {"contents": [{"parts": [{"text": "\n".join(texts)}]}] if fine else []}
        asking = path.replace(_ASK, _GENERATE)
        reply = self.gemini.respond(method, asking, headers, json.dumps(question).encode())
        if reply.status != 200 or "json" not in reply.content_type:
            return reply
        self.asked += requests
        vectors = [
            {"values": _vector(text, request.get("outputDimensionality", _FULL))}
            for text, request in zip(texts, requests, strict=True)
        ]
        told = {"embeddings": vectors} | self._usage(texts)
        return replace(reply, body=json.dumps(told).encode())

    def _usage(self, texts: Sequence[str]) -> Json:
        if self.tokens_a_word is None:
            return {}
        tokens = self.tokens_a_word * sum(len(text.split()) for text in texts)
        return {"usageMetadata": {"promptTokenCount": tokens, "totalTokenCount": tokens}}


def _vector(text: str, dimension: int) -> list[float]:
    values = [0.0] * dimension
    for word in text.lower().split():
        values[crc32(word.encode()) % dimension] += 1
    length = sum(v * v for v in values) ** 0.5
    scale = 1 if dimension == _FULL else _UNSCALED
    return [scale * v / length for v in values]
