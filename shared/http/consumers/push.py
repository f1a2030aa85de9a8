"""Reads what Pub/Sub pushes: its own wrapper, or the same inside a CloudEvent (both content modes).

The framework's own decorators lose the attempt and the subscription, or cannot read a raw push.
Source: https://cloud.google.com/pubsub/docs/push#receive_push (read 2026-11-24).
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from shared.domain.time import parse_instant


@dataclass(frozen=True, slots=True)
class PushMessage:
    """One delivery of one message.

    Shape: `delivery_attempt` is None where the sender does not count (emulator, no dead letter).
    """

    data: bytes
    message_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    publish_time: datetime | None = None
    delivery_attempt: int | None = None
    subscription: str = ""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A delivery that is no push message: its bytes, and what was wrong with them."""

    body: bytes
    reason: str


def parse_push(headers: Mapping[str, str], body: bytes) -> PushMessage | Undecodable:
    """Read a push in any of its three forms; garbage becomes `Undecodable`, never an error.

    Shape: `headers` looks names up in lower case.
    """
    try:
        envelope = from_json(body)
    except ValueError:
        return Undecodable(body, "the body is not JSON")
    if isinstance(envelope, dict) and "specversion" in envelope and "ce-specversion" not in headers:
        envelope = envelope.get("data")
    message = envelope.get("message") if isinstance(envelope, dict) else None
    if not isinstance(message, dict):
        return Undecodable(body, "there is no `message` object")
    try:
        return _message(message, envelope)
    except (TypeError, ValueError) as error:
        return Undecodable(body, str(error))


def _message(message: dict[str, Any], envelope: dict[str, Any]) -> PushMessage:
    published = message.get("publishTime") or message.get("publish_time")
    attempt = envelope.get("deliveryAttempt")
    return PushMessage(
        data=_data(message.get("data")),
        message_id=_text(message.get("messageId") or message.get("message_id"), "messageId"),
        attributes=_attributes(message.get("attributes")),
        publish_time=None if published is None else parse_instant(_text(published, "publishTime")),
        delivery_attempt=attempt if type(attempt) is int else None,  # True is no attempt
        subscription=_text(envelope.get("subscription"), "subscription"),
    )


def _data(encoded: Any) -> bytes:
    if encoded is None:
        return b""
    try:
        return b64decode(_text(encoded, "data"), validate=True)
    except Base64Error as error:
        raise ValueError("`data` is not base64") from error


def _text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"`{name}` is not text")
    return value


def _attributes(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise TypeError("`attributes` is not an object")
    return {name: _text(text, f"attributes.{name}") for name, text in value.items()}
