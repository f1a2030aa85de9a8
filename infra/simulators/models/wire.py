"""What model simulators and their doors share: a reply on the wire, and who gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

Json = dict[str, Any]


class Cut(StrEnum):
    """Where a connection breaks: never, in a body of known length, or in a stream of chunks."""

    NEVER = "never"
    BODY = "body"
    STREAM = "stream"


@dataclass(frozen=True)
class Reply:
    """What goes over the wire; `delay_s` passes before the first byte, `cut` breaks it off."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    cut: Cut = Cut.NEVER


class Responder(Protocol):
    """Whoever answers HTTP requests without a socket; header names come in lower case."""

    def respond(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        ...
