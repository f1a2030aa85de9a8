"""A bus that keeps what was published, for tests that deliver as they like."""

import base64
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from shared.adapters.message_rules import check_message
from shared.domain.errors import InvalidInput
from shared.ports import Outgoing


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to its topic's subscriber."""

    message_id: str
    message: Outgoing

    @property
    def topic(self) -> str:
        return self.message.topic

    @property
    def data(self) -> bytes:
        return self.message.data

    def push_body(self, *, attempt: int = 1) -> dict[str, Any]:
        """Render what Pub/Sub would POST."""
        return {
            "subscription": f"projects/local/subscriptions/{self.topic}",
            "deliveryAttempt": attempt,
            "message": {
                "data": base64.b64encode(self.data).decode(),
                "attributes": dict(self.message.attributes),
                "messageId": self.message_id,
                "publishTime": "2020-05-29T12:15:00Z",
            },
        }


class MemoryBus:
    """Records everything.

    Shape: `published` is all that was ever published, in order; `deliveries` is what nobody has
    taken yet: shuffle it, copy from it (a redelivery), or `take` from it. Without `topics` every
    topic is known.
    """

    def __init__(self, topics: Collection[str] | None = None) -> None:
        self._topics = topics
        self.published: list[Outgoing] = []
        self.deliveries: list[Delivery] = []

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        for message in messages:
            if self._topics is not None and message.topic not in self._topics:
                raise InvalidInput(f"no topic {message.topic!r}", expected=sorted(self._topics))
            check_message(message)
        for message in messages:
            self.published.append(message)
            self.deliveries.append(Delivery(f"m{len(self.published):06d}", message))

    def sent(self, topic: str) -> list[Outgoing]:
        """List what was published to one topic."""
        return [message for message in self.published if message.topic == topic]

    def take(self, topic: str | None = None) -> list[Delivery]:
        """Remove and return the waiting deliveries, of one topic or of all."""
        taken = [d for d in self.deliveries if topic is None or d.topic == topic]
        self.deliveries = [d for d in self.deliveries if d not in taken]
        return taken

    async def close(self) -> None:
        """Nothing is open."""
