"""What passes through a simulator's doors: calls in, answers out, no sockets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Call:
    """One request; header names are lower case."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """One answer; `lost` never arrives, `cut` ends in the middle of its body."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: dict(JSON))
    lost: bool = False
    cut: bool = False


def answer(body: Any, status: int = 200) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(body).encode())
