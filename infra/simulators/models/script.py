"""What a simulated model does with a question, whichever wire it is put on afterwards."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from infra.simulators.models.wire import Cut, Json, Reply

_VALUE_LINE = re.compile(r"^([a-z][a-z0-9_]*): ([+-]?\d[\d.]*)[^|\n]* \((\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Asked:
    """A question as every wire understands it."""

    system: str
    prompt: str


class Finish(StrEnum):
    """Why a model stopped writing."""

    DONE = "done"
    TOO_LONG = "too long"
    FILTERED = "filtered"


@dataclass(frozen=True)
class Said:
    """A text, whole or not."""

    text: str
    finish: Finish = Finish.DONE


@dataclass(frozen=True)
class Failed:
    """An error of the API; `quota` makes a 429 one that waiting does not cure."""

    status: int
    retry_after_s: float | None = None
    quota: bool = False


@dataclass(frozen=True)
class Page:
    """What a proxy before the API says: HTML, or any other bytes."""

    status: int
    body: bytes | None = None
    location: str | None = None

    def reply(self, delay_s: float) -> Reply:
        """Put it on the wire, the same whichever API was asked."""
        headers = {} if self.location is None else {"Location": self.location}
        if self.body is not None:
            return Reply(self.status, self.body, headers=headers, delay_s=delay_s)
        html = f"<html>Error {self.status}</html>".encode()
        return Reply(self.status, html, "text/html", headers, delay_s)


class Mute(StrEnum):
    """Answers without a text."""

    REFUSED = "refused"  # blocked by safety, or a refusal in words
    NOTHING = "nothing"  # not even a candidate


@dataclass(frozen=True)
class Outcome:
    """What happens, and how slowly and how wholly it reaches the other side."""

    what: Said | Failed | Page | Mute
    delay_s: float = 0.0
    cut: Cut = Cut.NEVER


Line = Callable[[Asked], Outcome]


def says(
    answer: Any, *, finish: Finish = Finish.DONE, delay_s: float = 0.0, cut: Cut = Cut.NEVER
) -> Line:
    """Script an answer: a JSON value, or a text as it is."""
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return lambda _: Outcome(Said(text, finish), delay_s, cut)


def fails(status: int, *, retry_after_s: float | None = None, quota: bool = False) -> Line:
    """Script an error of the API."""
    return lambda _: Outcome(Failed(status, retry_after_s, quota))


def page(status: int, body: bytes | None = None, *, location: str | None = None) -> Line:
    """Script a page of a proxy."""
    return lambda _: Outcome(Page(status, body, location))


def refuses(_: Asked) -> Outcome:
    """Decline to answer."""
    return Outcome(Mute.REFUSED)


def is_mute(_: Asked) -> Outcome:
    """Answer with nothing and without a word why."""
    return Outcome(Mute.NOTHING)


def late(line: Line, delay_s: float) -> Line:
    """Let a line take its time."""
    return lambda asked: replace(line(asked), delay_s=delay_s)


def author(asked: Asked) -> Outcome:
    """Write a short draft that is grounded in the first number of the prompt."""
    return Outcome(Said(json.dumps(draft_for(asked))))


def draft_for(asked: Asked) -> Json:
    """Make a draft that a careful model could have written."""
    name, number, _ = next(iter(_VALUE_LINE.findall(asked.prompt)), ("", "", ""))
    sign = 0.0 if not name else float(number)
    relation = "positive" if sign > 0 else "negative"
    lean = re.search(r"^label: (\w+) ", asked.prompt, re.MULTILINE)
    return {
        "headline": f"Simulated model: {{{name}}} stands out",
        "findings": [f"The reading to look at is {{{name}}}."],
        "risks": [],
        "claims": [{"feature": name, "relation": relation, "other": None}],
        "lean": lean.group(1) if lean else None,
    }


@dataclass
class Stage(ABC):
    """A provider's key, models and script: each question takes the next line, then `otherwise`.

    Shape: `requests` keeps every body that was understood.
    """

    key: str = "simulated-key"
    models: frozenset[str] = frozenset()
    script: list[Line] = field(default_factory=list)
    otherwise: Line = author
    requests: list[Json] = field(default_factory=list)

    @abstractmethod
    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one HTTP request."""

    def perform(self, request: Json, asked: Asked) -> Outcome:
        """Keep the request and do what the script says next."""
        self.requests.append(request)
        return (self.script.pop(0) if self.script else self.otherwise)(asked)


def tokens(*texts: str) -> int:
    """Count roughly: four characters a token is close enough for a simulator, and stable."""
    return sum(map(len, texts)) // 4
