"""What passes through a simulator's doors: calls in, answers out, no sockets."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Call:
    """One request; header names are lower case, `raw_query` is the query as it was sent."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    raw_query: str = ""


@dataclass(frozen=True)
class Answer:
    """One answer; `lost` never arrives, `cut` ends in the middle of its body.

    Shape: `more` makes it a stream: each call gives what is to be said since the one before, whole
    lines or parts of them, and None at the end. With `hear`, and status 101, it is a websocket:
    each line is a message, and what the client says is heard.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: dict(JSON))
    lost: bool = False
    cut: bool = False
    more: Callable[[], bytes | None] | None = None
    hear: Callable[[str], None] | None = None


def answer(body: Any, status: int = 200) -> Answer:
    """Answer with JSON."""
    return Answer(status, to_json(body))
