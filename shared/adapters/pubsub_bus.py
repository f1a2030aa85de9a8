"""The message bus on Pub/Sub; subscriptions and dead letters are declared in terraform/."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from google.api_core import exceptions as google

from shared.adapters.google_errors import TIMEOUT_S, patience, translated
from shared.adapters.message_rules import check_message, size_of
from shared.domain.errors import InvalidInput
from shared.ports import Outgoing

if TYPE_CHECKING:
    from google.pubsub_v1 import PublisherAsyncClient

_REQUEST_BYTES = 9_500_000  # Pub/Sub takes 10 MB and 1,000 messages a request
_REQUEST_MESSAGES = 1_000


class PubsubBus:
    """Publishes whole batches, one request each: no buffer that a frozen function could lose."""

    def __init__(
        self,
        project: str,
        client: "PublisherAsyncClient | None" = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._project = project
        self._made = client
        self._patience = patience(timeout_s)

    @property
    def _client(self) -> "PublisherAsyncClient":
        if self._made is None:
            from google.pubsub_v1 import PublisherAsyncClient

            self._made = PublisherAsyncClient()
        return self._made

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """Send everything and wait until Pub/Sub has it all."""
        for message in messages:
            check_message(message)
        by_topic: dict[str, list[Outgoing]] = {}
        for message in messages:
            by_topic.setdefault(message.topic, []).append(message)
        requests = [(t, part) for t, all_ in by_topic.items() for part in _requests(all_)]
        await asyncio.gather(*(self._send(topic, part) for topic, part in requests))

    async def _send(self, topic: str, messages: Sequence[Outgoing]) -> None:
        from google.pubsub_v1 import PubsubMessage

        with translated(f"Pub/Sub topic {topic}"):
            try:
                await self._client.publish(
                    topic=f"projects/{self._project}/topics/{topic}",
                    messages=[
                        PubsubMessage(data=message.data, attributes=dict(message.attributes))
                        for message in messages
                    ],
                    **self._patience,
                )
            except google.NotFound as error:
                raise InvalidInput(f"there is no topic {topic!r}") from error

    async def find(self, topic: str) -> None:
        """Return if there is such a topic and we may look at it.

        Raises: InvalidInput, StoreUnavailable, ConfigError.
        """
        with translated(f"Pub/Sub topic {topic}"):
            try:
                await self._client.get_topic(
                    topic=f"projects/{self._project}/topics/{topic}", **self._patience
                )
            except google.NotFound as error:
                raise InvalidInput(f"there is no topic {topic!r}") from error

    async def close(self) -> None:
        """Close the channel."""
        if self._made is not None:
            made, self._made = self._made, None
            await made.transport.close()  # type: ignore[no-untyped-call]  # untyped library


def _requests(messages: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    request: list[Outgoing] = []
    size = 0
    for message in messages:
        if request and (
            size + size_of(message) > _REQUEST_BYTES or len(request) == _REQUEST_MESSAGES
        ):
            yield request
            request, size = [], 0
        request.append(message)
        size += size_of(message)
    if request:
        yield request
