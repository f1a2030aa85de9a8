"""Runs a consumer behind a push subscription; it answers 204 (done) or 503 (later), nothing else.

204 also stands for duplicates and for what can never get better: that goes to `dead_messages` with
its bytes. Only exhausted 503s reach the dead-letter topic.
"""

import logging
from base64 import b64encode
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.domain.errors import AlreadyExists, PermanentError, RetryableError
from shared.domain.ids import content_key
from shared.domain.time import to_micros
from shared.http.consumers.push import PushMessage, Undecodable, parse_push
from shared.http.problems import problem_of
from shared.ports import Clock, Create, Documents, Key

_log = logging.getLogger(__name__)

Handler = Callable[[PushMessage], Awaitable[object]]


class DeadMessages:
    """Keeps what cannot be consumed, with its bytes, until a person looks."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    async def keep(self, consumer: str, body: bytes, reason: str) -> str:
        """Store the bytes and say why; return the document's id.

        Idempotent: the same bytes for the same consumer are one document.
        Raises: StoreUnavailable.
        """
        encoded = b64encode(body).decode()
        key = Key("dead_messages", (content_key("dead", consumer, encoded),))
        document = {
            "consumer": consumer,
            "reason": reason,
            "body": encoded,
            "at_us": to_micros(self._clock.now()),
        }
        try:
            await self._documents.commit([Create(key, document)])
        except AlreadyExists:
            _log.info("consume.dead_again", extra={"consumer": consumer, "dead_id": key.id})
        return key.id


class Consumer:
    """One consumer: its name, what it does with a message, where its dead go."""

    def __init__(self, name: str, handler: Handler, dead: DeadMessages) -> None:
        self._name = name
        self._handler = handler
        self._dead = dead

    async def answer(self, request: Request) -> Response:
        """Consume one push request."""
        try:
            return await self._consume(request)
        except ClientDisconnect:  # nobody waits for the answer; it will be pushed again
            return problem_of(RetryableError("disconnected"))
        except RetryableError as error:
            _log.warning("consume.later", extra={"consumer": self._name, "reason": str(error)})
            return problem_of(error)
        except Exception:  # noqa: BLE001 - whatever it is, the message must not be lost
            _log.exception("consume.failed", extra={"consumer": self._name})
            return problem_of(RetryableError("unexpected"))

    async def _consume(self, request: Request) -> Response:
        body = await request.body()
        message = parse_push(request.headers, body)
        if isinstance(message, Undecodable):
            return await self._bury(body, message.reason)
        try:
            await self._handler(message)
        except PermanentError as error:
            return await self._bury(body, f"{type(error).__name__}: {error}")
        return Response(status_code=204)

    async def _bury(self, body: bytes, reason: str) -> Response:
        dead_id = await self._dead.keep(self._name, body, reason)
        _log.error(
            "consume.dead", extra={"consumer": self._name, "reason": reason, "dead_id": dead_id}
        )
        return Response(status_code=204)
