import json
from base64 import b64decode, b64encode

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from shared.domain.errors import InvalidInput, LeaseHeld, RateLimited, StoreUnavailable
from shared.http.consumers.consume import Consumer, DeadMessages
from shared.http.consumers.push import PushMessage
from shared.ports import Query
from tests.twins.manual_clock import ManualClock
from tests.twins.memory_documents import MemoryDocuments

PUSH = json.dumps({"message": {"data": b64encode(b"hello").decode(), "messageId": "1"}}).encode()


class Desk:
    """A consumer with a handler that does what the test says."""

    def __init__(self, error: Exception | None = None) -> None:
        self.documents = MemoryDocuments()
        self.error = error
        self.seen: list[PushMessage] = []
        self.consumer = Consumer("store", self.handle, DeadMessages(self.documents, ManualClock()))

    async def handle(self, message: PushMessage) -> None:
        self.seen.append(message)
        if self.error:
            raise self.error

    async def push(self, body: bytes = PUSH) -> httpx.Response:
        app = Starlette(routes=[Route("/", self.consumer.answer, methods=["POST"])])
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            return await http.post("/", content=body)

    async def dead(self):
        query = Query("dead_messages", (), order_by="at_us")
        return [document.body for document in (await self.documents.scan(query)).documents]


async def test_a_message_that_was_handled_is_acknowledged():
    desk = Desk()
    answer = await desk.push()
    assert (answer.status_code, [m.data for m in desk.seen]) == (204, [b"hello"])


async def test_what_cannot_get_better_is_kept_with_its_bytes_and_acknowledged():
    desk = Desk(InvalidInput("version 9 is not known"))
    answer = await desk.push()
    [dead] = await desk.dead()
    assert (answer.status_code, b64decode(dead["body"]), dead["reason"]) == (
        204,
        PUSH,
        "InvalidInput: version 9 is not known",
    )


async def test_bytes_that_are_no_push_are_kept_and_acknowledged():
    desk = Desk()
    answer = await desk.push(b"\x00garbage")
    [dead] = await desk.dead()
    assert (answer.status_code, b64decode(dead["body"]), desk.seen) == (204, b"\x00garbage", [])


async def test_the_same_dead_bytes_twice_are_one_document():
    desk = Desk()
    await desk.push(b"garbage")
    answer = await desk.push(b"garbage")
    assert (answer.status_code, len(await desk.dead())) == (204, 1)


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(LeaseHeld("busy"), id="retryable"),
        pytest.param(ZeroDivisionError("bug"), id="unexpected"),
    ],
)
async def test_what_may_get_better_comes_again_and_is_not_buried(error):
    desk = Desk(error)
    answer = await desk.push()
    assert (answer.status_code, await desk.dead()) == (503, [])


async def test_a_rate_limit_says_when_to_come_again():
    answer = await Desk(RateLimited("slow", retry_after_s=30)).push()
    assert answer.headers["retry-after"] == "30"


class Unreachable(MemoryDocuments):
    async def commit(self, writes):
        raise StoreUnavailable("down")


async def test_a_dead_message_that_cannot_be_kept_is_not_acknowledged():
    desk = Desk()
    desk.consumer = Consumer("store", desk.handle, DeadMessages(Unreachable(), ManualClock()))
    assert (await desk.push(b"garbage")).status_code == 503
